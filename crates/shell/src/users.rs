//! users — home directories for `~user`.

use std::fs;

/// The home directory that /etc/passwd names for a user.
pub(crate) fn home_of(user: &[u8]) -> Option<Vec<u8>> {
    let text = fs::read("/etc/passwd").ok()?;
    text.split(|&byte| byte == b'\n').find_map(|line| {
        let mut fields = line.split(|&byte| byte == b':');
        (fields.next()? == user).then_some(())?;
        fields.nth(4).map(<[u8]>::to_vec)
    })
}
