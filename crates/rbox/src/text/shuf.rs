//! shuf — print lines in random order.
//!
//! Source: BusyBox 1.37; GNU coreutils 9 for the long options and `-r`.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "shuf",
    links: &["/usr/bin/shuf"],
    usage: "\
shuf [-rz] [-n N] [-o FILE] [FILE | -e [ARG]... | -i LOW-HIGH]

Print the lines of FILE (or stdin) in random order.

  -e, --echo              The ARGs are the lines
  -i, --input-range=LOW-HIGH
                          The numbers from LOW to HIGH are
  -n, --head-count=N      At most N lines
  -o, --output=FILE       Write to FILE
  -r, --repeat            A line may come again (without -n: without end)
  -z, --zero-terminated   Lines end in NUL
",
    process: Process::Fork,
    run,
};

/// What there is to choose from.
enum Items<'a> {
    Texts(Vec<&'a [u8]>),
    /// The first number, and how many.
    Range(u64, u64),
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    let end = if options.has('z') { 0 } else { b'\n' };
    let limit = options.number('n')?.unwrap_or(u64::MAX);
    let mut text = Vec::new();
    let items = match options.value('i') {
        Some(_) if options.has('e') => return Err(Error::usage("")),
        Some(range) => {
            options.expect_operands(0, 0)?;
            let bad = || Error::message(format_args!("bad range '{}'", range.display()));
            parse_range(range).map(|(first, count)| Items::Range(first, count)).ok_or_else(bad)?
        }
        None if options.has('e') => {
            Items::Texts(options.operands().iter().map(|operand| operand.as_bytes()).collect())
        }
        None => {
            options.expect_operands(0, 1)?;
            let file = options.files().remove(0);
            let Some(mut input) = cx.open(&file) else { return Ok(()) };
            input.read_to_end(&mut text).at(&file)?;
            let whole = text.strip_suffix(&[end]).unwrap_or(&text);
            Items::Texts(if text.is_empty() {
                Vec::new()
            } else {
                whole.split(|&byte| byte == end).collect()
            })
        }
    };
    let mut out = match options.value('o') {
        Some(file) => {
            let opened = std::fs::File::create(file).at(file)?;
            Some((file, opened))
        }
        None => None,
    };
    let mut kept = Output::to_memory();
    let sink = if out.is_some() { &mut kept } else { &mut cx.out };
    choose(&items, limit, options.has('r'), &mut |index| {
        match &items {
            Items::Texts(texts) => sink.write(texts[index as usize]),
            Items::Range(first, _) => write!(sink, "{}", first + index),
        }
        sink.write(&[end]);
        !sink.failed()
    })?;
    if let Some((file, opened)) = &mut out {
        opened.write_all(&kept.take()).at(file)?;
    }
    Ok(())
}

/// "LOW-HIGH" as the first number and how many there are.
fn parse_range(text: &OsStr) -> Option<(u64, u64)> {
    let (low, high) = text.to_str()?.split_once('-')?;
    let (low, high): (u64, u64) = (low.parse().ok()?, high.parse().ok()?);
    Some((low, high.checked_sub(low)?.checked_add(1)?))
}

/// Calls `print` with up to `limit` random indices until it says no. Each comes once unless they may `repeat`.
fn choose(items: &Items<'_>, limit: u64, repeat: bool, print: &mut dyn FnMut(u64) -> bool) -> Result {
    let count = match items {
        Items::Texts(texts) => texts.len() as u64,
        Items::Range(_, count) => *count,
    };
    let mut random = Random { bytes: [0; 256], used: 256 };
    if count == 0 || limit == 0 {
        return Ok(());
    }
    let wanted = if repeat { limit } else { limit.min(count) };
    // Few of many: what was drawn is remembered, instead of all that could be.
    if repeat || wanted < count / 16 {
        let mut drawn: Vec<u64> = Vec::new();
        let mut left = wanted;
        while left > 0 {
            let index = random.below(count)?;
            if !repeat {
                match drawn.binary_search(&index) {
                    Ok(_) => continue,
                    Err(place) => drawn.insert(place, index),
                }
            }
            left -= 1;
            if !print(index) {
                break;
            }
        }
        return Ok(());
    }
    let size = usize::try_from(count).ok().and_then(|count| count.checked_mul(size_of::<u64>()));
    if !size.is_some_and(sys::allocator::has_room) {
        return Err(Error::message("out of memory"));
    }
    let mut all: Vec<u64> = (0..count).collect();
    for place in 0..wanted as usize {
        let other = place + random.below(count - place as u64)? as usize;
        all.swap(place, other);
        if !print(all[place]) {
            break;
        }
    }
    Ok(())
}

/// Numbers from the kernel's generator, fetched many at a time.
struct Random {
    bytes: [u8; 256],
    used: usize,
}

impl Random {
    /// A number below `limit`, each as likely as the others.
    fn below(&mut self, limit: u64) -> Result<u64> {
        // What is left over at the top would make the first numbers likelier.
        let top = u64::MAX - u64::MAX % limit;
        loop {
            if self.used == self.bytes.len() {
                sys::random::fill(&mut self.bytes).doing("getrandom")?;
                self.used = 0;
            }
            let eight = self.bytes[self.used..].first_chunk().copied().unwrap_or_default();
            self.used += 8;
            let number = u64::from_le_bytes(eight);
            if number < top {
                return Ok(number % limit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_each_once_and_all_orders() {
        for (count, limit) in [(1, 9), (5, 5), (100, 3), (1000, 1000), (u64::MAX, 4)] {
            let mut drawn = Vec::new();
            choose(&Items::Range(0, count), limit, false, &mut |index| {
                drawn.push(index);
                true
            })
            .unwrap();
            assert_eq!(drawn.len() as u64, limit.min(count));
            drawn.sort_unstable();
            drawn.dedup();
            assert_eq!(drawn.len() as u64, limit.min(count));
            assert!(drawn.iter().all(|&index| index < count));
        }
        let mut orders = Vec::new();
        for _ in 0..400 {
            let mut order = Vec::new();
            choose(&Items::Range(0, 3), 3, false, &mut |index| {
                order.push(index);
                true
            })
            .unwrap();
            orders.push(order);
        }
        orders.sort();
        orders.dedup();
        assert_eq!(orders.len(), 6);
    }

    #[test]
    fn reads_ranges() {
        for (text, expected) in [
            ("1-3", Some((1, 3))),
            ("5-5", Some((5, 1))),
            ("0-18446744073709551614", Some((0, u64::MAX))),
            ("0-18446744073709551615", None),
            ("3-1", None),
            ("x", None),
            ("-1-2", None),
        ] {
            assert_eq!(parse_range(OsStr::new(text)), expected, "{text}");
        }
    }
}
