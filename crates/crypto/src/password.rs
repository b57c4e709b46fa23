//! password — hashes of passwords as they lie in /etc/shadow.
//!
//! Made and verified: sha512-crypt (`$6$`) and sha256-crypt (`$5$`). Nothing else verifies: an account whose hash is of
//! another kind needs a new password.
//!
//! Source: U. Drepper, "Unix crypt using SHA-256 and SHA-512" (the algorithm and its vectors); crypt(5).

use crate::digest::Algorithm;

/// The longest password that is hashed; the time taken grows with its square.
pub const PASSWORD_MAX_BYTES: usize = 512;

const ROUNDS_DEFAULT: u32 = 5000;
const ROUNDS_MIN: u32 = 1000;
const ROUNDS_MAX: u32 = 999_999_999;
const SALT_MAX: usize = 16;

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// How a password is hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    Sha256,
    Sha512,
}

impl Method {
    /// The method of that name, as `passwd -a` and `cryptpw -m` take it, or as the digit between the dollars.
    pub fn of(name: &[u8]) -> Option<Method> {
        match name {
            b"sha256" | b"SHA256" | b"sha256crypt" | b"sha-256" | b"5" => Some(Method::Sha256),
            b"sha512" | b"SHA512" | b"sha512crypt" | b"sha-512" | b"6" => Some(Method::Sha512),
            _ => None,
        }
    }

    /// What a hash of this kind begins with.
    pub fn prefix(self) -> &'static str {
        match self {
            Method::Sha256 => "$5$",
            Method::Sha512 => "$6$",
        }
    }

    fn digest(self, bytes: &[u8]) -> Vec<u8> {
        match self {
            Method::Sha256 => Algorithm::Sha256.of(bytes),
            Method::Sha512 => Algorithm::Sha512.of(bytes),
        }
    }
}

/// The setting for a new hash: the method and a salt made of `random`.
pub fn setting(method: Method, random: &[u8; SALT_MAX]) -> String {
    let salt: String = random.iter().map(|&byte| char::from(ALPHABET[usize::from(byte & 63)])).collect();
    format!("{}{salt}$", method.prefix())
}

/// The hash of `password` under `setting`: a setting, or a whole hash whose setting is used again. None: the setting
/// is of no kind that is known, or the password is too long or has a zero byte.
pub fn hash(password: &[u8], setting: &[u8]) -> Option<String> {
    if password.len() > PASSWORD_MAX_BYTES || password.contains(&0) {
        return None;
    }
    let parsed = Setting::parse(setting)?;
    let digest = sha_crypt(parsed.method, password, parsed.salt, parsed.rounds.unwrap_or(ROUNDS_DEFAULT));
    let rounds = parsed.rounds.map_or(String::new(), |rounds| format!("rounds={rounds}$"));
    let salt = std::str::from_utf8(parsed.salt).ok()?;
    Some(format!("{}{rounds}{salt}${}", parsed.method.prefix(), encode(parsed.method, &digest)))
}

/// Whether `password` is the one that `stored` was made of. An empty field fits nothing here: that no password is
/// needed is for the caller to say.
pub fn verify(password: &[u8], stored: &[u8]) -> bool {
    match hash(password, stored) {
        Some(hash) => equal(hash.as_bytes(), stored),
        None => false,
    }
}

/// Compares in a time that does not tell where the first difference is.
fn equal(one: &[u8], other: &[u8]) -> bool {
    let difference = one.iter().zip(other).fold(0, |difference, (one, other)| difference | (one ^ other));
    one.len() == other.len() && std::hint::black_box(difference) == 0
}

struct Setting<'a> {
    method: Method,
    /// Only if they are given: they are then part of the hash.
    rounds: Option<u32>,
    salt: &'a [u8],
}

impl Setting<'_> {
    fn parse(text: &[u8]) -> Option<Setting<'_>> {
        let (method, mut rest) = if let Some(rest) = text.strip_prefix(b"$6$") {
            (Method::Sha512, rest)
        } else {
            (Method::Sha256, text.strip_prefix(b"$5$")?)
        };
        let mut rounds = None;
        if let Some(behind) = rest.strip_prefix(b"rounds=") {
            let end = behind.iter().position(|&byte| byte == b'$')?;
            let number: u64 = std::str::from_utf8(&behind[..end]).ok()?.parse().ok()?;
            rounds = Some(number.clamp(ROUNDS_MIN.into(), ROUNDS_MAX.into()) as u32);
            rest = &behind[end + 1..];
        }
        let end = rest.iter().position(|&byte| byte == b'$').unwrap_or(rest.len()).min(SALT_MAX);
        let salt = &rest[..end];
        // A colon or a newline would end the field that the hash is written into.
        let harmless = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b':' | b'!' | b'*' | b'\\');
        salt.iter().all(harmless).then_some(Setting { method, rounds, salt })
    }
}

fn sha_crypt(method: Method, password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    let b = method.digest(&[password, salt, password].concat());
    let mut input = [password, salt].concat();
    extend_repeated(&mut input, &b, password.len());
    let mut bits = password.len();
    while bits > 0 {
        input.extend_from_slice(if bits & 1 == 1 { &b } else { password });
        bits >>= 1;
    }
    let mut digest = method.digest(&input);

    let mut password_bytes = Vec::new();
    extend_repeated(&mut password_bytes, &method.digest(&password.repeat(password.len())), password.len());
    let mut salt_bytes = Vec::new();
    let salts = salt.repeat(16 + usize::from(digest[0]));
    extend_repeated(&mut salt_bytes, &method.digest(&salts), salt.len());

    for round in 0..rounds {
        input.clear();
        input.extend_from_slice(if round % 2 == 1 { &password_bytes } else { &digest });
        if round % 3 != 0 {
            input.extend_from_slice(&salt_bytes);
        }
        if round % 7 != 0 {
            input.extend_from_slice(&password_bytes);
        }
        input.extend_from_slice(if round % 2 == 1 { &digest } else { &password_bytes });
        digest = method.digest(&input);
    }
    digest
}

/// Appends `bytes`, over and over, until `length` are there.
fn extend_repeated(to: &mut Vec<u8>, bytes: &[u8], length: usize) {
    to.extend(bytes.iter().copied().cycle().take(length));
}

/// The digest in crypt's alphabet. Three bytes become four letters, lowest bits first; which three is a walk over the
/// digest in thirds that turns by one place each time.
fn encode(method: Method, digest: &[u8]) -> String {
    let mut text = String::new();
    let (third, turn) = match method {
        Method::Sha256 => (10, [2, 0, 1]),
        Method::Sha512 => (21, [1, 2, 0]),
    };
    let mut places = [0, third, 2 * third];
    for _ in 0..third {
        let group = places.map(|place| u32::from(digest[place]));
        push(&mut text, group[0] << 16 | group[1] << 8 | group[2], 4);
        places = turn.map(|from| places[from] + 1);
    }
    match method {
        Method::Sha256 => push(&mut text, u32::from(digest[31]) << 8 | u32::from(digest[30]), 3),
        Method::Sha512 => push(&mut text, u32::from(digest[63]), 2),
    }
    text
}

fn push(text: &mut String, mut bits: u32, letters: usize) {
    for _ in 0..letters {
        text.push(char::from(ALPHABET[(bits & 63) as usize]));
        bits >>= 6;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the vectors that the algorithm's description ends with.
    const VECTORS: &[(&str, &str, &str)] = &[
        ("$5$saltstring", "Hello world!", "$5$saltstring$5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
        (
            "$5$rounds=10000$saltstringsaltstring",
            "Hello world!",
            "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA",
        ),
        (
            "$5$rounds=77777$short",
            "we have a short salt string but not a short password",
            "$5$rounds=77777$short$JiO1O3ZpDAxGJeaDIuqCoEFysAe1mZNJRs3pw0KQRd/",
        ),
        (
            "$6$saltstring",
            "Hello world!",
            "$6$saltstring$svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ),
        (
            "$6$rounds=10000$saltstringsaltstring",
            "Hello world!",
            "$6$rounds=10000$saltstringsaltst$OW1/O6BYHV6BcXZu8QVeXbDWra3Oeqh0sbHbbMCVNSnCM/UrjmM0Dp8vOuZeHBy/YTBmSK6H9qs/y3RnOaw5v.",
        ),
        (
            "$6$rounds=10$roundstoolow",
            "the minimum number is still observed",
            "$6$rounds=1000$roundstoolow$kUMsbe306n21p9R.FRkW3IGn.S9NPN0x50YhH1xhLsPuWGsUSklZt58jaTfF4ZEQpyUNGc0dqbpBYYBaHHrsX.",
        ),
    ];

    #[test]
    fn agrees_with_the_published_vectors() {
        for (setting, password, expected) in VECTORS {
            assert_eq!(
                hash(password.as_bytes(), setting.as_bytes()).as_deref(),
                Some(*expected),
                "{setting}"
            );
            assert!(verify(password.as_bytes(), expected.as_bytes()));
            assert!(!verify(&password.as_bytes()[1..], expected.as_bytes()));
        }
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for setting in
            ["", "x", "*", "!", "$1$salt$x", "$y$j9T$x", "$6$a:b", "$6$rounds=x$salt", "$6$rounds=5"]
        {
            assert_eq!(hash(b"word", setting.as_bytes()), None, "{setting}");
            assert!(!verify(b"word", setting.as_bytes()));
        }
        assert_eq!(hash(&[b'x'; PASSWORD_MAX_BYTES + 1], b"$6$salt"), None);
        assert_eq!(hash(b"a\0b", b"$6$salt"), None);
    }

    #[test]
    fn a_cut_or_locked_hash_fits_nothing() {
        let whole = hash(b"word", b"$6$salt").unwrap();
        assert!(verify(b"word", whole.as_bytes()));
        assert!(!verify(b"word", &whole.as_bytes()[..whole.len() - 1]));
        assert!(!verify(b"word", format!("!{whole}").as_bytes()));
        assert!(!verify(b"word", format!("{whole}x").as_bytes()));
    }

    #[test]
    fn makes_settings() {
        assert_eq!(setting(Method::Sha512, &[0; 16]), "$6$................$");
        assert_eq!(setting(Method::Sha256, &[255; 16]), "$5$zzzzzzzzzzzzzzzz$");
    }
}
