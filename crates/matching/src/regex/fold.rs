//! fold — which letters beyond ASCII are the same but for their case.
//!
//! Source: Unicode 15, UnicodeData.txt, simple case mappings of the alphabets in daily use; a table of rules
//! instead of 1,400 pairs.

/// Upper case from `first` to `last` has its lower case `distance` further; a distance of 1 means pairs,
/// the first of each being upper case.
const RULES: &[(u32, u32, u32)] = &[
    (0xc0, 0xd6, 32), // Latin-1
    (0xd8, 0xde, 32),
    (0x100, 0x12e, 1), // Latin Extended-A
    (0x132, 0x136, 1),
    (0x139, 0x147, 1),
    (0x14a, 0x176, 1),
    (0x179, 0x17d, 1),
    (0x1cd, 0x1db, 1), // Latin Extended-B, the regular part
    (0x1de, 0x1ee, 1),
    (0x1f8, 0x21e, 1),
    (0x222, 0x232, 1),
    (0x391, 0x3a1, 32), // Greek
    (0x3a3, 0x3ab, 32),
    (0x386, 0x386, 38),
    (0x388, 0x38a, 37),
    (0x38c, 0x38c, 64),
    (0x38e, 0x38f, 63),
    (0x400, 0x40f, 80), // Cyrillic
    (0x410, 0x42f, 32),
    (0x460, 0x480, 1),
    (0x48a, 0x4be, 1),
    (0x4d0, 0x52e, 1),
    (0x531, 0x556, 48),  // Armenian
    (0x1e00, 0x1e94, 1), // Latin Extended Additional
    (0x1ea0, 0x1efe, 1),
    (0xff21, 0xff3a, 32),   // full width
    (0x10400, 0x10427, 40), // Deseret
];

/// Calls `with` for the other cases of `code`, if any.
pub(super) fn other_cases(code: u32, with: &mut dyn FnMut(u32)) {
    for &(first, last, distance) in RULES {
        if distance == 1 {
            if first <= code && code <= last + 1 {
                with(if (code - first).is_multiple_of(2) { code + 1 } else { code - 1 });
            }
        } else if first <= code && code <= last {
            with(code + distance);
        } else if first + distance <= code && code <= last + distance {
            with(code - distance);
        }
    }
    // Final sigma is a second lower case.
    match code {
        0x3a3 | 0x3c3 => with(0x3c2),
        0x3c2 => {
            with(0x3a3);
            with(0x3c3);
        }
        _ => {}
    }
}

/// The character in the other case, if it is a letter of the alphabets above or of ASCII; else itself.
pub fn change_case(character: char, upper: bool) -> char {
    if character.is_ascii() {
        return if upper { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() };
    }
    let code = u32::from(character);
    for &(first, last, distance) in RULES {
        let changed = match (upper, distance) {
            (true, 1) if first <= code && code <= last + 1 => code - (code - first) % 2,
            (false, 1) if first <= code && code <= last + 1 => code + 1 - (code - first) % 2,
            (true, _) if first + distance <= code && code <= last + distance => code - distance,
            (false, _) if first <= code && code <= last => code + distance,
            _ => continue,
        };
        return char::from_u32(changed).unwrap_or(character);
    }
    character
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_standard_library() {
        for code in 0x80..0x1_0430 {
            let Some(character) = char::from_u32(code) else { continue };
            let mut others = Vec::new();
            other_cases(code, &mut |other| others.push(other));
            for other in others {
                let other = char::from_u32(other).unwrap();
                let same = |c: char| c.to_lowercase().flat_map(char::to_uppercase).collect::<String>();
                assert_eq!(same(character), same(other), "{character} {other}");
            }
        }
    }
}
