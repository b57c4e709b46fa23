//! words — what the values of a profile may be. Each check says what is wrong and what is allowed.

use super::Password;

type Check<T = ()> = Result<T, String>;

/// A host name of RFC 1123: labels of letters, digits and inner dashes.
pub(super) fn check_hostname(name: &str) -> Check {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() <= 64 && name.split('.').all(label) {
        return Ok(());
    }
    Err(format!("hostname: '{name}': letters, digits, dashes between them and dots; at most 64 in all"))
}

/// The name of a user or group.
pub(super) fn check_name(kind: &str, name: &str) -> Check {
    let first = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let rest =
        name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte));
    if first && rest && name.len() <= posix::passwd::NAME_MAX_BYTES {
        return Ok(());
    }
    Err(format!("{kind} '{name}': small letters, digits, '_' and '-', a letter or '_' first; at most 32"))
}

/// An absolute path in the image.
pub(super) fn check_place(place: &str) -> Check {
    let inner = place.strip_prefix('/').unwrap_or_default();
    if !inner.is_empty()
        && !inner.split('/').any(|part| matches!(part, "" | "." | ".."))
        && !place.contains(['\n', ':'])
    {
        return Ok(());
    }
    Err(format!("'{place}': a path in the image begins with '/', without '.', '..' or ':' in it"))
}

/// `empty`, `locked`, or a hash as crypt(3) makes it.
pub(super) fn password(text: &str) -> Check<Password> {
    match text {
        "empty" => Ok(Password::Empty),
        "locked" => Ok(Password::Locked),
        _ => {
            let fields: Vec<&str> = text.split('$').collect();
            let legal = text.bytes().all(|byte| byte.is_ascii_graphic() && !b":*!".contains(&byte));
            if legal
                && fields.len() >= 4
                && fields[0].is_empty()
                && fields[1..].iter().all(|field| !field.is_empty())
            {
                return Ok(Password::Hash(text.to_string()));
            }
            Err("not \"empty\", not \"locked\", and not a hash such as $6$SALT$… (`mkpasswd -m sha512` makes one)"
                .to_string())
        }
    }
}

/// The words of a command line. Control characters would end it in a boot loader's file.
pub(super) fn cmdline(text: &str) -> Check<Vec<String>> {
    if text.chars().any(|c| c.is_control() || !c.is_ascii()) {
        return Err("cmdline: one line of printable ASCII".to_string());
    }
    let mut words = Vec::new();
    let mut quoted = false;
    let mut word = String::new();
    for c in text.chars() {
        quoted ^= c == '"';
        if c == ' ' && !quoted {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        } else {
            word.push(c);
        }
    }
    if quoted {
        return Err("cmdline: a quotation mark is not closed".to_string());
    }
    words.extend((!word.is_empty()).then_some(word));
    Ok(words)
}
