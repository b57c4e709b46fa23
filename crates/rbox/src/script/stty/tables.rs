//! tables — the names of modes, characters and speeds.
//!
//! Source: POSIX.1-2024 `stty` and XBD 11; the kernel's asm-generic/termbits.h for the numbers, which x86_64 and
//! aarch64 share.

/// Which word of the modes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Group {
    Control,
    Input,
    Output,
    Local,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sane {
    Set,
    Unset,
    /// `sane` leaves it as it is.
    Any,
}

pub(super) struct Mode {
    pub(super) name: &'static str,
    pub(super) group: Group,
    pub(super) bits: u32,
    /// The field that `bits` are a value of; 0 for a flag, which can be unset with a dash.
    pub(super) mask: u32,
    pub(super) sane: Sane,
    /// Another name for a mode: it is not shown.
    pub(super) hidden: bool,
}

const fn flag(name: &'static str, group: Group, bits: u32, sane: Sane) -> Mode {
    Mode { name, group, bits, mask: 0, sane, hidden: false }
}

const fn value(name: &'static str, group: Group, bits: u32, mask: u32, sane: Sane) -> Mode {
    Mode { name, group, bits, mask, sane, hidden: false }
}

const fn alias(name: &'static str, group: Group, bits: u32) -> Mode {
    Mode { name, group, bits, mask: 0, sane: Sane::Any, hidden: true }
}

use Group::{Control, Input, Local, Output};
use Sane::{Any, Set, Unset};

pub(super) const CS8: u32 = 0o60;
pub(super) const CS7: u32 = 0o40;
pub(super) const CSIZE: u32 = 0o60;
pub(super) const PARENB: u32 = 0o400;
pub(super) const PARODD: u32 = 0o1000;
pub(super) const ICANON: u32 = 0o2;
pub(super) const TAB3: u32 = 0o14000;

pub(super) const MODES: &[Mode] = &[
    flag("parenb", Control, PARENB, Any),
    flag("parodd", Control, PARODD, Any),
    flag("cmspar", Control, 0o10_000_000_000, Any),
    value("cs5", Control, 0, CSIZE, Any),
    value("cs6", Control, 0o20, CSIZE, Any),
    value("cs7", Control, CS7, CSIZE, Any),
    value("cs8", Control, CS8, CSIZE, Any),
    flag("hupcl", Control, 0o2000, Any),
    alias("hup", Control, 0o2000),
    flag("cstopb", Control, 0o100, Any),
    flag("cread", Control, 0o200, Set),
    flag("clocal", Control, 0o4000, Any),
    flag("crtscts", Control, 0o20_000_000_000, Any),
    flag("ignbrk", Input, 0o1, Unset),
    flag("brkint", Input, 0o2, Set),
    flag("ignpar", Input, 0o4, Any),
    flag("parmrk", Input, 0o10, Any),
    flag("inpck", Input, 0o20, Any),
    flag("istrip", Input, 0o40, Any),
    flag("inlcr", Input, 0o100, Unset),
    flag("igncr", Input, 0o200, Unset),
    flag("icrnl", Input, 0o400, Set),
    flag("ixon", Input, 0o2000, Any),
    flag("ixoff", Input, 0o10000, Unset),
    alias("tandem", Input, 0o10000),
    flag("iuclc", Input, 0o1000, Unset),
    flag("ixany", Input, 0o4000, Unset),
    flag("imaxbel", Input, 0o20000, Set),
    flag("iutf8", Input, 0o40000, Any),
    flag("opost", Output, 0o1, Set),
    flag("olcuc", Output, 0o2, Unset),
    flag("ocrnl", Output, 0o10, Unset),
    flag("onlcr", Output, 0o4, Set),
    flag("onocr", Output, 0o20, Unset),
    flag("onlret", Output, 0o40, Unset),
    flag("ofill", Output, 0o100, Unset),
    flag("ofdel", Output, 0o200, Unset),
    value("nl0", Output, 0, 0o400, Set),
    value("nl1", Output, 0o400, 0o400, Any),
    value("cr0", Output, 0, 0o3000, Set),
    value("cr1", Output, 0o1000, 0o3000, Any),
    value("cr2", Output, 0o2000, 0o3000, Any),
    value("cr3", Output, 0o3000, 0o3000, Any),
    value("tab0", Output, 0, TAB3, Set),
    value("tab1", Output, 0o4000, TAB3, Any),
    value("tab2", Output, 0o10000, TAB3, Any),
    value("tab3", Output, TAB3, TAB3, Any),
    value("bs0", Output, 0, 0o20000, Set),
    value("bs1", Output, 0o20000, 0o20000, Any),
    value("vt0", Output, 0, 0o40000, Set),
    value("vt1", Output, 0o40000, 0o40000, Any),
    value("ff0", Output, 0, 0o100_000, Set),
    value("ff1", Output, 0o100_000, 0o100_000, Any),
    flag("isig", Local, 0o1, Set),
    flag("icanon", Local, ICANON, Set),
    flag("iexten", Local, 0o100_000, Set),
    flag("echo", Local, 0o10, Set),
    flag("echoe", Local, 0o20, Set),
    alias("crterase", Local, 0o20),
    flag("echok", Local, 0o40, Set),
    flag("echonl", Local, 0o100, Unset),
    flag("noflsh", Local, 0o200, Unset),
    flag("xcase", Local, 0o4, Unset),
    flag("tostop", Local, 0o400, Unset),
    flag("echoprt", Local, 0o2000, Unset),
    alias("prterase", Local, 0o2000),
    flag("echoctl", Local, 0o1000, Set),
    alias("ctlecho", Local, 0o1000),
    flag("echoke", Local, 0o4000, Set),
    alias("crtkill", Local, 0o4000),
    flag("flusho", Local, 0o10000, Unset),
    flag("extproc", Local, 0o200_000, Unset),
];

pub(super) const VMIN: usize = 6;
pub(super) const VTIME: usize = 5;

/// Name, index and value of `sane`.
pub(super) const CHARACTERS: &[(&str, usize, u8)] = &[
    ("intr", 0, 3),
    ("quit", 1, 28),
    ("erase", 2, 127),
    ("kill", 3, 21),
    ("eof", 4, 4),
    ("eol", 11, 0),
    ("eol2", 16, 0),
    ("swtch", 7, 0),
    ("start", 8, 17),
    ("stop", 9, 19),
    ("susp", 10, 26),
    ("rprnt", 12, 18),
    ("werase", 14, 23),
    ("lnext", 15, 22),
    ("discard", 13, 15),
    ("min", VMIN, 1),
    ("time", VTIME, 0),
];

/// Bits per second, and the kernel's code.
pub(super) const SPEEDS: &[(u32, u32)] = &[
    (0, 0),
    (50, 1),
    (75, 2),
    (110, 3),
    (134, 4),
    (150, 5),
    (200, 6),
    (300, 7),
    (600, 8),
    (1200, 9),
    (1800, 10),
    (2400, 11),
    (4800, 12),
    (9600, 13),
    (19_200, 14),
    (38_400, 15),
    (57_600, 0o10001),
    (115_200, 0o10002),
    (230_400, 0o10003),
    (460_800, 0o10004),
    (500_000, 0o10005),
    (576_000, 0o10006),
    (921_600, 0o10007),
    (1_000_000, 0o10010),
    (1_152_000, 0o10011),
    (1_500_000, 0o10012),
    (2_000_000, 0o10013),
    (2_500_000, 0o10014),
    (3_000_000, 0o10015),
    (3_500_000, 0o10016),
    (4_000_000, 0o10017),
];

/// What some words are short for.
pub(super) const COMBINATIONS: &[(&str, &str)] = &[
    ("evenp", "parenb -parodd cs7"),
    ("parity", "parenb -parodd cs7"),
    ("oddp", "parenb parodd cs7"),
    ("-evenp", "-parenb cs8"),
    ("-parity", "-parenb cs8"),
    ("-oddp", "-parenb cs8"),
    ("nl", "-icrnl -onlcr"),
    ("-nl", "icrnl -inlcr -igncr onlcr -ocrnl -onlret"),
    ("cooked", "brkint ignpar istrip icrnl ixon opost isig icanon"),
    ("-raw", "brkint ignpar istrip icrnl ixon opost isig icanon"),
    (
        "raw",
        "-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr -icrnl -ixon -ixoff -iuclc -ixany -imaxbel -opost -isig -icanon -xcase min 1 time 0",
    ),
    (
        "-cooked",
        "-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr -icrnl -ixon -ixoff -iuclc -ixany -imaxbel -opost -isig -icanon -xcase min 1 time 0",
    ),
    ("cbreak", "-icanon"),
    ("-cbreak", "icanon"),
    ("pass8", "-parenb -istrip cs8"),
    ("-pass8", "parenb istrip cs7"),
    ("litout", "-parenb -istrip -opost cs8"),
    ("-litout", "parenb istrip opost cs7"),
    ("tabs", "tab0"),
    ("-tabs", "tab3"),
    ("decctlq", "-ixany"),
    ("-decctlq", "ixany"),
    ("lcase", "xcase iuclc olcuc"),
    ("LCASE", "xcase iuclc olcuc"),
    ("-lcase", "-xcase -iuclc -olcuc"),
    ("-LCASE", "-xcase -iuclc -olcuc"),
    ("crt", "echoe echoctl echoke"),
    ("dec", "echoe echoctl echoke -ixany intr ^C erase ^? kill ^U"),
    ("ek", "erase ^? kill ^U"),
];
