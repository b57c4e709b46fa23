//! options — what `set` switches.

/// The options of a shell, one bit each.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct ShellOptions(u32);

macro_rules! options {
    ($($constant:ident $bit:literal $letter:literal $name:literal,)*) => {
        impl ShellOptions {
            $(pub const $constant: ShellOptions = ShellOptions(1 << $bit);)*
        }
        /// Each option with its letter (0: none) and its long name, in the order that `set -o` prints.
        pub(crate) const TABLE: &[(ShellOptions, u8, &str)] = &[$((ShellOptions::$constant, $letter, $name)),*];
    };
}

options! {
    ERREXIT 0 b'e' "errexit",
    NOGLOB 1 b'f' "noglob",
    IGNOREEOF 2 b'I' "ignoreeof",
    INTERACTIVE 3 b'i' "interactive",
    MONITOR 4 b'm' "monitor",
    NOEXEC 5 b'n' "noexec",
    STDIN 6 b's' "stdin",
    XTRACE 7 b'x' "xtrace",
    VERBOSE 8 b'v' "verbose",
    NOCLOBBER 9 b'C' "noclobber",
    ALLEXPORT 10 b'a' "allexport",
    NOTIFY 11 b'b' "notify",
    NOUNSET 12 b'u' "nounset",
    VI 13 0 "vi",
    EMACS 14 0 "emacs",
    PIPEFAIL 15 0 "pipefail",
    NOLOG 16 0 "nolog",
    HASHALL 17 b'h' "hashall",
}

impl ShellOptions {
    #[inline]
    pub fn has(self, option: ShellOptions) -> bool {
        self.0 & option.0 != 0
    }

    pub fn set(&mut self, option: ShellOptions, on: bool) {
        if on {
            self.0 |= option.0;
        } else {
            self.0 &= !option.0;
        }
    }
}

/// The option of that letter.
pub(crate) fn by_letter(letter: u8) -> Option<ShellOptions> {
    TABLE.iter().find(|entry| entry.1 == letter && letter != 0).map(|entry| entry.0)
}

/// The option of that long name.
pub(crate) fn by_name(name: &[u8]) -> Option<ShellOptions> {
    TABLE.iter().find(|entry| entry.2.as_bytes() == name).map(|entry| entry.0)
}
