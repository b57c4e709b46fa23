//! quote — text as it would have to be typed.

/// Adds `text` in single quotes: what `export -p` and the like print. Quotes inside go into double ones.
pub(crate) fn quote(text: &[u8], onto: &mut Vec<u8>) {
    let mut rest = text;
    loop {
        let end = rest.iter().position(|&byte| byte == b'\'').unwrap_or(rest.len());
        if end > 0 || text.is_empty() {
            onto.push(b'\'');
            onto.extend_from_slice(&rest[..end]);
            onto.push(b'\'');
        }
        rest = &rest[end..];
        if rest.is_empty() {
            return;
        }
        let quotes = rest.iter().take_while(|&&byte| byte == b'\'').count();
        onto.push(b'"');
        onto.extend_from_slice(&rest[..quotes]);
        onto.push(b'"');
        rest = &rest[quotes..];
        if rest.is_empty() {
            return;
        }
    }
}

/// Adds `text`, quoted only where it must be: what `set -x` prints.
pub(crate) fn quote_for_trace(text: &[u8], onto: &mut Vec<u8>) {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@+,^]".contains(&byte) || byte >= 0x80;
    if !text.is_empty() && text.iter().all(|&byte| plain(byte)) && !crate::parser::is_reserved(text) {
        onto.extend_from_slice(text);
    } else {
        quote(text, onto);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn quotes() {
        for (text, expected) in
            [("", "''"), ("a b", "'a b'"), ("it's", "'it'\"'\"'s'"), ("'", "\"'\""), ("''a", "\"''\"'a'")]
        {
            let mut onto = Vec::new();
            super::quote(text.as_bytes(), &mut onto);
            assert_eq!(String::from_utf8_lossy(&onto), expected);
        }
    }
}
