//! tsort — print names in an order in which each comes before those that depend on it.
//!
//! Source: POSIX.1-2024 `tsort`; BusyBox 1.37 for the messages. Which of several orders it is, no standard says.

use crate::prelude::*;

pub(crate) const APPLET: Applet = Applet {
    name: "tsort",
    links: &["/usr/bin/tsort"],
    usage: "\
tsort [FILE]

Read pairs of names (before, after) from FILE (or stdin) and print all names in
an order that fits them. A pair of the same name only makes it known.
",
    process: Process::Fork,
    run,
};

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let file = options.files().remove(0);
    let Some(mut input) = super::common::open_or_report(cx, &file) else { return Ok(()) };
    let mut text = Vec::new();
    input.read_to_end(&mut text).at(&file)?;
    let words: Vec<&[u8]> =
        text.split(|byte| byte.is_ascii_whitespace()).filter(|word| !word.is_empty()).collect();
    if words.len() % 2 == 1 {
        return Err(Error::message("odd input"));
    }
    let mut names = words.clone();
    names.sort_unstable();
    names.dedup();
    let number = |word: &[u8]| names.partition_point(|name| *name < word);
    let mut pairs: Vec<(usize, usize)> = words
        .chunks_exact(2)
        .map(|pair| (number(pair[0]), number(pair[1])))
        .filter(|(before, after)| before != after)
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    for number in order(names.len(), &pairs, &mut |number| {
        cx.warn(&format!("cycle at {}", OsStr::from_bytes(names[number]).display()));
        cx.status = 1;
    }) {
        cx.out.write(names[number]);
        cx.out.write(b"\n");
    }
    Ok(())
}

/// All of `0..count` in an order that fits the sorted `pairs`. A cycle is reported by one of its numbers, which then goes
/// first.
fn order(count: usize, pairs: &[(usize, usize)], on_cycle: &mut dyn FnMut(usize)) -> Vec<usize> {
    let mut waits_for = vec![0usize; count];
    for &(_, after) in pairs {
        waits_for[after] += 1;
    }
    let mut done = vec![false; count];
    let mut ordered = Vec::with_capacity(count);
    // What waits for nothing; `ordered` is the queue of those whose dependents are still to be looked at.
    let mut ready: Vec<usize> = (0..count).filter(|&number| waits_for[number] == 0).collect();
    while ordered.len() < count {
        if ready.is_empty() {
            let number = on_a_cycle(pairs, &done);
            on_cycle(number);
            ready.push(number);
        }
        for number in std::mem::take(&mut ready) {
            done[number] = true;
            ordered.push(number);
            let first = pairs.partition_point(|&(before, _)| before < number);
            for &(_, after) in pairs[first..].iter().take_while(|&&(before, _)| before == number) {
                waits_for[after] = waits_for[after].saturating_sub(1);
                if waits_for[after] == 0 && !done[after] {
                    ready.push(after);
                }
            }
        }
    }
    ordered
}

/// A number that waits for itself in the end. All that are not done wait for another one that is not, so going from one
/// to what it waits for comes round.
fn on_a_cycle(pairs: &[(usize, usize)], done: &[bool]) -> usize {
    let mut seen = vec![false; done.len()];
    let mut number = done.iter().position(|done| !done).unwrap_or(0);
    while !seen[number] {
        seen[number] = true;
        let before = pairs.iter().find(|&&(before, after)| after == number && !done[before]);
        number = before.map_or(number, |&(before, _)| before);
    }
    number
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_cycles() {
        for (count, pairs, expected, cycles) in [
            (3, &[(0, 1), (1, 2)][..], &[0, 1, 2][..], &[][..]),
            (3, &[(1, 0), (2, 1)], &[2, 1, 0], &[]),
            (2, &[(0, 1), (1, 0)], &[0, 1], &[0]),
            (4, &[(0, 1), (1, 2), (2, 1), (2, 3)], &[0, 1, 2, 3], &[1]),
            (0, &[], &[], &[]),
        ] {
            let mut found = Vec::new();
            assert_eq!(order(count, pairs, &mut |number| found.push(number)), expected, "{pairs:?}");
            assert_eq!(found, cycles, "{pairs:?}");
        }
    }
}
