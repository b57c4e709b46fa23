//! at — calls on a name below an open directory, so that nobody can change the way to it in between.
//!
//! Source: Linux man-pages openat(2), fstatat(2), unlinkat(2), renameat2(2), fchmodat2(2), utimensat(2).

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

/// The directory number that means the working directory.
pub const CWD: i32 = libc::AT_FDCWD;

pub use libc::{
    O_APPEND, O_CLOEXEC, O_CREAT, O_DIRECT, O_DIRECTORY, O_DSYNC, O_EXCL, O_NOATIME, O_NOCTTY, O_NOFOLLOW,
    O_NONBLOCK, O_PATH, O_RDONLY, O_RDWR, O_SYNC, O_TRUNC, O_WRONLY,
};

/// What lies at a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    File,
    Directory,
    Symlink,
    Fifo,
    Socket,
    CharDevice,
    BlockDevice,
    Unknown,
}

impl Kind {
    /// The kind in the type bits of a mode.
    pub fn of_mode(mode: u32) -> Kind {
        match mode & libc::S_IFMT {
            libc::S_IFREG => Kind::File,
            libc::S_IFDIR => Kind::Directory,
            libc::S_IFLNK => Kind::Symlink,
            libc::S_IFIFO => Kind::Fifo,
            libc::S_IFSOCK => Kind::Socket,
            libc::S_IFCHR => Kind::CharDevice,
            libc::S_IFBLK => Kind::BlockDevice,
            _ => Kind::Unknown,
        }
    }

    /// The type bits of a mode.
    pub fn bits(self) -> u32 {
        match self {
            Kind::File => libc::S_IFREG,
            Kind::Directory => libc::S_IFDIR,
            Kind::Symlink => libc::S_IFLNK,
            Kind::Fifo => libc::S_IFIFO,
            Kind::Socket => libc::S_IFSOCK,
            Kind::CharDevice => libc::S_IFCHR,
            Kind::BlockDevice => libc::S_IFBLK,
            Kind::Unknown => 0,
        }
    }
}

/// Seconds and nanoseconds since 1970.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Time {
    pub seconds: i64,
    pub nanoseconds: u32,
}

/// What stat(2) says.
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    pub device: u64,
    pub inode: u64,
    /// Type and permissions.
    pub mode: u32,
    pub links: u64,
    pub uid: u32,
    pub gid: u32,
    /// The number of a device node.
    pub node: u64,
    pub size: u64,
    pub block_size: u64,
    /// In units of 512 bytes.
    pub blocks: u64,
    pub accessed: Time,
    pub modified: Time,
    pub changed: Time,
}

impl Stat {
    pub fn kind(&self) -> Kind {
        Kind::of_mode(self.mode)
    }

    pub fn is_directory(&self) -> bool {
        self.kind() == Kind::Directory
    }

    /// The lower twelve bits of the mode.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }

    /// Whether both are the same file.
    pub fn same_file(&self, other: &Stat) -> bool {
        self.device == other.device && self.inode == other.inode
    }
}

/// Whether a symbolic link at the end of a name stands for its target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Links {
    Follow,
    Keep,
}

impl Links {
    fn flag(self) -> i32 {
        match self {
            Links::Follow => 0,
            Links::Keep => libc::AT_SYMLINK_NOFOLLOW,
        }
    }
}

pub fn stat(dir: i32, path: &Path, links: Links) -> io::Result<Stat> {
    let path = c_path(path)?;
    let mut stat = empty_stat();
    // SAFETY: `path` ends in a zero byte, and fstatat writes one stat, which `stat` is.
    check(unsafe { libc::fstatat(dir, path.as_ptr(), &mut stat, links.flag()) })?;
    Ok(convert(&stat))
}

/// fstat(2).
pub fn stat_fd(fd: &dyn AsRawFdDyn) -> io::Result<Stat> {
    stat_number(fd.number())
}

/// fstat(2) of an inherited descriptor.
pub fn stat_number(fd: i32) -> io::Result<Stat> {
    let mut stat = empty_stat();
    // SAFETY: fstat writes one stat, which `stat` is; a bad number is an error.
    check(unsafe { libc::fstat(fd, &mut stat) })?;
    Ok(convert(&stat))
}

/// `AsRawFd` behind a pointer.
pub trait AsRawFdDyn {
    fn number(&self) -> i32;
}

impl<T: AsRawFd> AsRawFdDyn for T {
    fn number(&self) -> i32 {
        self.as_raw_fd()
    }
}

/// Opens with O_CLOEXEC added; `mode` counts where O_CREAT is among the flags.
pub fn open(dir: i32, path: &Path, flags: i32, mode: u32) -> io::Result<File> {
    let path = c_path(path)?;
    loop {
        // SAFETY: `path` ends in a zero byte for the whole call.
        let fd = unsafe { libc::openat(dir, path.as_ptr(), flags | libc::O_CLOEXEC, mode) };
        if fd >= 0 {
            // SAFETY: the kernel just made this descriptor and nobody else owns it.
            return Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd) }));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}

pub fn unlink(dir: i32, path: &Path) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: `path` ends in a zero byte for the whole call.
    check(unsafe { libc::unlinkat(dir, path.as_ptr(), 0) })
}

pub fn rmdir(dir: i32, path: &Path) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: `path` ends in a zero byte for the whole call.
    check(unsafe { libc::unlinkat(dir, path.as_ptr(), libc::AT_REMOVEDIR) })
}

pub fn mkdir(dir: i32, path: &Path, mode: u32) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: `path` ends in a zero byte for the whole call.
    check(unsafe { libc::mkdirat(dir, path.as_ptr(), mode) })
}

/// Makes a node; `mode` has the type in it.
pub fn mknod(dir: i32, path: &Path, mode: u32, node: u64) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: `path` ends in a zero byte for the whole call.
    check(unsafe { libc::mknodat(dir, path.as_ptr(), mode, node) })
}

pub fn rename(old_dir: i32, old: &Path, new_dir: i32, new: &Path) -> io::Result<()> {
    let (old, new) = (c_path(old)?, c_path(new)?);
    // SAFETY: both paths end in a zero byte for the whole call.
    check(unsafe { libc::renameat(old_dir, old.as_ptr(), new_dir, new.as_ptr()) })
}

/// A hard link; `links` says what becomes of a symbolic link at `old`.
pub fn link(old_dir: i32, old: &Path, new_dir: i32, new: &Path, links: Links) -> io::Result<()> {
    let (old, new) = (c_path(old)?, c_path(new)?);
    let flags = if links == Links::Follow { libc::AT_SYMLINK_FOLLOW } else { 0 };
    // SAFETY: both paths end in a zero byte for the whole call.
    check(unsafe { libc::linkat(old_dir, old.as_ptr(), new_dir, new.as_ptr(), flags) })
}

pub fn symlink(target: &Path, dir: i32, path: &Path) -> io::Result<()> {
    let (target, path) = (c_path(target)?, c_path(path)?);
    // SAFETY: both texts end in a zero byte for the whole call.
    check(unsafe { libc::symlinkat(target.as_ptr(), dir, path.as_ptr()) })
}

/// The target of a symbolic link.
pub fn read_link(dir: i32, path: &Path) -> io::Result<OsString> {
    let path = c_path(path)?;
    let mut buffer = vec![0; 256];
    loop {
        // SAFETY: `path` ends in a zero byte, and `buffer` is valid for writes of its length.
        let count = unsafe { libc::readlinkat(dir, path.as_ptr(), buffer.as_mut_ptr().cast(), buffer.len()) };
        if count < 0 {
            return Err(io::Error::last_os_error());
        }
        if (count as usize) < buffer.len() {
            buffer.truncate(count as usize);
            return Ok(OsString::from_vec(buffer));
        }
        buffer.resize(buffer.len() * 4, 0);
    }
}

/// fchmodat(2). With `Links::Keep` a link is not followed where the kernel can tell (Linux 6.6); before, the call
/// follows it.
pub fn chmod(dir: i32, path: &Path, mode: u32, links: Links) -> io::Result<()> {
    let path = c_path(path)?;
    if links == Links::Keep {
        const FCHMODAT2: libc::c_long = 452;
        // SAFETY: the arguments are those of fchmodat2; `path` ends in a zero byte for the whole call.
        let result = unsafe {
            libc::syscall(FCHMODAT2, dir, path.as_ptr(), mode as libc::c_uint, libc::AT_SYMLINK_NOFOLLOW)
        };
        if result == 0 {
            return Ok(());
        }
        let error = io::Error::last_os_error();
        // Sandboxes that do not know the call answer EPERM to everything; the old call then says what is true.
        if !matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) {
            return Err(error);
        }
    }
    // SAFETY: `path` ends in a zero byte for the whole call.
    check(unsafe { libc::fchmodat(dir, path.as_ptr(), mode as libc::mode_t, 0) })
}

/// fchmod(2).
pub fn chmod_fd(fd: &dyn AsRawFdDyn, mode: u32) -> io::Result<()> {
    // SAFETY: fchmod takes numbers only.
    check(unsafe { libc::fchmod(fd.number(), mode as libc::mode_t) })
}

/// fchownat(2); None leaves that owner.
pub fn chown(dir: i32, path: &Path, uid: Option<u32>, gid: Option<u32>, links: Links) -> io::Result<()> {
    let path = c_path(path)?;
    let (uid, gid) = (uid.unwrap_or(u32::MAX), gid.unwrap_or(u32::MAX));
    // SAFETY: `path` ends in a zero byte for the whole call.
    check(unsafe { libc::fchownat(dir, path.as_ptr(), uid, gid, links.flag()) })
}

/// fchown(2); None leaves that owner.
pub fn chown_fd(fd: &dyn AsRawFdDyn, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    // SAFETY: fchown takes numbers only.
    check(unsafe { libc::fchown(fd.number(), uid.unwrap_or(u32::MAX), gid.unwrap_or(u32::MAX)) })
}

/// A time to be set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SetTime {
    Leave,
    Now,
    To(Time),
}

impl SetTime {
    fn raw(self) -> libc::timespec {
        match self {
            SetTime::Leave => libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_OMIT },
            SetTime::Now => libc::timespec { tv_sec: 0, tv_nsec: libc::UTIME_NOW },
            SetTime::To(time) => libc::timespec { tv_sec: time.seconds as _, tv_nsec: time.nanoseconds as _ },
        }
    }
}

pub fn set_times(
    dir: i32,
    path: &Path,
    accessed: SetTime,
    modified: SetTime,
    links: Links,
) -> io::Result<()> {
    let path = c_path(path)?;
    let times = [accessed.raw(), modified.raw()];
    // SAFETY: `path` ends in a zero byte, and `times` holds the two timespecs that utimensat reads.
    check(unsafe { libc::utimensat(dir, path.as_ptr(), times.as_ptr(), links.flag()) })
}

/// futimens(3).
pub fn set_times_fd(fd: &dyn AsRawFdDyn, accessed: SetTime, modified: SetTime) -> io::Result<()> {
    let times = [accessed.raw(), modified.raw()];
    // SAFETY: `times` holds the two timespecs that futimens reads.
    check(unsafe { libc::futimens(fd.number(), times.as_ptr()) })
}

/// faccessat(2) with the real ids: whether the caller may read (4), write (2), execute (1).
pub fn access(dir: i32, path: &Path, wanted: i32) -> io::Result<()> {
    let path = c_path(path)?;
    // SAFETY: `path` ends in a zero byte for the whole call.
    check(unsafe { libc::faccessat(dir, path.as_ptr(), wanted, 0) })
}

/// Major and minor number of a device.
pub fn device_parts(device: u64) -> (u32, u32) {
    (libc::major(device as libc::dev_t), libc::minor(device as libc::dev_t))
}

/// The device of a major and minor number.
pub fn device(major: u32, minor: u32) -> u64 {
    libc::makedev(major, minor)
}

/// umask(2): sets the mask and returns the one before.
pub fn set_umask(mask: u32) -> u32 {
    // SAFETY: umask takes a number and cannot fail.
    unsafe { libc::umask(mask as libc::mode_t) as u32 }
}

/// The mask, left as it is.
pub fn umask() -> u32 {
    let mask = set_umask(0o022);
    set_umask(mask);
    mask
}

/// A path as C wants it.
///
/// Errors: InvalidInput where it holds a zero byte.
pub(crate) fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes())
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, "name with a zero byte"))
}

pub(crate) fn check(result: i32) -> io::Result<()> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

fn empty_stat() -> libc::stat {
    // SAFETY: stat is made of integers only, for which zero bytes are a value.
    unsafe { std::mem::zeroed() }
}

#[expect(clippy::unnecessary_cast, reason = "the widths of the fields differ between the two architectures")]
fn convert(stat: &libc::stat) -> Stat {
    let time = |seconds: i64, nanoseconds: i64| Time { seconds, nanoseconds: nanoseconds as u32 };
    Stat {
        device: stat.st_dev as u64,
        inode: stat.st_ino as u64,
        mode: stat.st_mode as u32,
        links: stat.st_nlink as u64,
        uid: stat.st_uid,
        gid: stat.st_gid,
        node: stat.st_rdev as u64,
        size: stat.st_size as u64,
        block_size: stat.st_blksize as u64,
        blocks: stat.st_blocks as u64,
        accessed: time(stat.st_atime as i64, stat.st_atime_nsec as i64),
        modified: time(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed: time(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}

/// When the file was made; None where kernel or file system do not say.
///
/// Source: statx(2). The structure is read by its offsets, which are fixed: musl's and glibc's headers differ in age.
pub fn birth(dir: i32, path: &Path, links: Links) -> Option<Time> {
    const STATX_BTIME: u32 = 0x800;
    let path = c_path(path).ok()?;
    let mut buffer = [0u8; 256];
    // SAFETY: `path` ends in a zero byte, and statx writes 256 bytes, which `buffer` has.
    let result = unsafe {
        libc::syscall(libc::SYS_statx, dir, path.as_ptr(), links.flag(), STATX_BTIME, buffer.as_mut_ptr())
    };
    let word = |offset: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|index| buffer[offset + index]));
    if result != 0 || word(0) & STATX_BTIME == 0 {
        return None;
    }
    let seconds = i64::from_ne_bytes([0, 1, 2, 3, 4, 5, 6, 7].map(|index| buffer[80 + index]));
    Some(Time { seconds, nanoseconds: word(88) })
}

/// Makes an open directory the working directory.
pub fn change_directory(directory: &dyn AsRawFdDyn) -> io::Result<()> {
    // SAFETY: fchdir takes a number only.
    check(unsafe { libc::fchdir(directory.number()) })
}

/// A descriptor of one's own for the file behind an inherited one.
pub fn duplicate(fd: i32) -> io::Result<File> {
    // SAFETY: fcntl with F_DUPFD_CLOEXEC takes numbers only.
    let copy = unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 3) };
    check(copy)?;
    // SAFETY: the kernel just made this descriptor and nobody else owns it.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(copy) }))
}

/// Opens the directory at `path` with `root` as its root: absolute links and `..` lead nowhere outside.
///
/// Source: openat2(2), RESOLVE_IN_ROOT (Linux 5.6). Where that is missing, no link is followed.
pub fn open_in_root(root: &dyn AsRawFdDyn, path: &Path) -> io::Result<File> {
    const OPENAT2: libc::c_long = 437;
    const RESOLVE_NO_MAGICLINKS: u64 = 0x02;
    const RESOLVE_IN_ROOT: u64 = 0x10;
    let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_CLOEXEC;
    let how: [u64; 3] = [flags as u64, 0, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS];
    let name = c_path(path)?;
    // SAFETY: `name` ends in a zero byte, and `how` is the open_how of three 64 bit numbers that the size says.
    let fd = unsafe { libc::syscall(OPENAT2, root.number(), name.as_ptr(), how.as_ptr(), size_of_val(&how)) };
    if fd >= 0 {
        // SAFETY: the kernel just made this descriptor and nobody else owns it.
        return Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd as i32) }));
    }
    let error = io::Error::last_os_error();
    if !matches!(error.raw_os_error(), Some(libc::ENOSYS | libc::EPERM)) {
        return Err(error);
    }
    let mut directory = open(root.number(), Path::new("."), libc::O_RDONLY | libc::O_DIRECTORY, 0)?;
    for part in path.components() {
        if let std::path::Component::Normal(part) = part {
            let flags = libc::O_RDONLY | libc::O_DIRECTORY | libc::O_NOFOLLOW;
            directory = open(directory.as_raw_fd(), Path::new(part), flags, 0)?;
        }
    }
    Ok(directory)
}
