//! seedrng — carry the kernel's random numbers over a reboot.
//!
//! Source: SeedRNG by J. A. Donenfeld for the scheme; BusyBox 1.37 for options, files and messages; random(4).

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};

use crypto::digest::{Algorithm, Digest};

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "seedrng",
    links: &["/usr/sbin/seedrng"],
    usage: "\
seedrng [-d DIR] [-n]

Give the kernel the random numbers that are kept in DIR, and keep new ones.

  -d, --seed-dir=DIR  Where they are (/var/lib/seedrng)
  -n, --skip-credit   They don't count as random
",
    process: Process::New,
    run,
};

/// Whether what is in a file counts as random is in its name.
const CREDITABLE: &str = "seed.credit";
const UNCREDITABLE: &str = "seed.no-credit";
const SEED_MAX: usize = 512;
const SEED_MIN: usize = 32;

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 0)?;
    let folder = Path::new(options.value('d').unwrap_or(OsStr::new("/var/lib/seedrng")));
    if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        return Err(Error::io(format_args!("can't create directory '{}'", folder.display()), error));
    }
    let opened = File::open(folder).at(folder)?;
    // Two at once would give the same numbers twice.
    opened.lock().at(folder)?;

    let mut digest = Algorithm::Sha256.start();
    digest.update(b"seedrng");
    let (seconds, nanos) = sys::clock::now();
    hash(&mut digest, &seconds.to_le_bytes());
    hash(&mut digest, &nanos.to_le_bytes());
    hash(&mut digest, &sys::clock::since_boot().as_nanos().to_le_bytes());
    for (name, credit) in [(UNCREDITABLE, false), (CREDITABLE, true)] {
        if let Err(error) =
            use_seed(cx, &opened, &folder.join(name), credit && !options.has('n'), &mut digest)
        {
            cx.report(error);
        }
    }

    let mut seed = vec![0; pool_bytes()];
    let creditable = sys::random::fill_now(&mut seed).doing("getrandom")?;
    hash(&mut digest, &seed);
    // What was there before has its part in what is kept, should the new numbers be poor.
    let mixed = digest.finish();
    let end = seed.len();
    seed[end - mixed.len()..].copy_from_slice(&mixed);
    let adjective = if creditable { "creditable" } else { "non-creditable" };
    writeln!(cx.out, "Saving {} bits of {adjective} seed for next boot", seed.len() * 8);
    let path = folder.join(UNCREDITABLE);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o400).open(&path).at(&path)?;
    file.write_all(&seed).at(&path)?;
    file.sync_all().at(&path)?;
    if creditable {
        fs::rename(&path, folder.join(CREDITABLE)).at(&path)?;
    }
    opened.sync_all().at(folder)
}

/// The length first, so that no two rows of texts are the same.
fn hash(digest: &mut Digest, bytes: &[u8]) {
    digest.update(&(bytes.len() as u64).to_le_bytes());
    digest.update(bytes);
}

/// Gives the kernel what is in the file, which is gone before: no number is used twice.
fn use_seed(cx: &mut Cx<'_>, folder: &File, path: &Path, credit: bool, digest: &mut Digest) -> Result {
    let mut seed = match fs::read(path) {
        Ok(seed) => seed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::at(path, error)),
    };
    seed.truncate(SEED_MAX);
    fs::remove_file(path).at(path)?;
    folder.sync_all().at(path)?;
    hash(digest, &seed);
    if seed.is_empty() {
        return Ok(());
    }
    let how = if credit { "crediting" } else { "without crediting" };
    writeln!(cx.out, "Seeding {} bits {how}", seed.len() * 8);
    let device = Path::new("/dev/urandom");
    let file = File::open(device).at(device)?;
    sys::random::add(&file, &seed, credit).doing("can't seed")
}

/// Bytes of the kernel's pool, within reason.
fn pool_bytes() -> usize {
    let text = fs::read_to_string("/proc/sys/kernel/random/poolsize").unwrap_or_default();
    let bits: usize = text.trim().parse().unwrap_or(0);
    (bits / 8).clamp(SEED_MIN, SEED_MAX)
}
