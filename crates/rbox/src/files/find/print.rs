//! print — the formats of `-printf`.
//!
//! Source: the manual of GNU find, "Format Directives".

use super::kind_letter;
use crate::prelude::*;
use cli::walk::Walk;
use posix::zone::Zone;
use sys::at::{self, Kind, Links, Stat, Time};

pub(super) enum Segment {
    Text(Vec<u8>),
    /// A letter, for times the letter behind it, and how wide it is.
    Value {
        letter: u8,
        format: u8,
        width: usize,
        left: bool,
        zeros: bool,
    },
    /// `\c`: nothing more is printed for this file.
    Stop,
}

/// Takes a format apart; what is not understood stays text.
pub(super) fn parse(format: &[u8]) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut text = Vec::new();
    let mut rest = format;
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        match byte {
            b'\\' => {
                let Some(length) = escape(rest, &mut text) else {
                    segments.push(Segment::Text(std::mem::take(&mut text)));
                    segments.push(Segment::Stop);
                    return segments;
                };
                rest = &rest[length..];
            }
            b'%' if rest.first() == Some(&b'%') => {
                text.push(b'%');
                rest = &rest[1..];
            }
            b'%' if rest.starts_with(b"{link}") => {
                segments.push(Segment::Text(std::mem::take(&mut text)));
                segments.push(Segment::Value {
                    letter: b'>',
                    format: 0,
                    width: 0,
                    left: false,
                    zeros: false,
                });
                rest = &rest[6..];
            }
            b'%' => match directive(rest) {
                Some((segment, length)) => {
                    segments.push(Segment::Text(std::mem::take(&mut text)));
                    segments.push(segment);
                    rest = &rest[length..];
                }
                None => text.push(b'%'),
            },
            _ => text.push(byte),
        }
    }
    segments.push(Segment::Text(text));
    segments
}

/// Appends what an escape means and gives its length; None for `\c`.
fn escape(text: &[u8], out: &mut Vec<u8>) -> Option<usize> {
    let digits = text.iter().take(3).take_while(|digit| (b'0'..=b'7').contains(digit)).count();
    if digits > 0 {
        out.push(text[..digits].iter().fold(0u32, |value, digit| value * 8 + u32::from(digit - b'0')) as u8);
        return Some(digits);
    }
    let byte = match text.first() {
        None => {
            out.push(b'\\');
            return Some(0);
        }
        Some(b'c') => return None,
        Some(b'a') => 7,
        Some(b'b') => 8,
        Some(b'f') => 12,
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'v') => 11,
        Some(b'\\') => b'\\',
        Some(&other) => {
            out.push(b'\\');
            other
        }
    };
    out.push(byte);
    Some(1)
}

fn directive(text: &[u8]) -> Option<(Segment, usize)> {
    let (mut left, mut zeros) = (false, false);
    let mut index = 0;
    while let Some(flag @ (b'-' | b'0' | b'+' | b' ' | b'#')) = text.get(index) {
        left |= *flag == b'-';
        zeros |= *flag == b'0';
        index += 1;
    }
    let mut width = 0usize;
    while let Some(digit @ b'0'..=b'9') = text.get(index) {
        width = (width * 10 + usize::from(digit - b'0')).min(4096);
        index += 1;
    }
    let letter = *text.get(index)?;
    index += 1;
    let mut format = 0;
    if matches!(letter, b'A' | b'B' | b'C' | b'T') {
        format = *text.get(index)?;
        index += 1;
    } else if !b"abcdDfFgGhHiklmMnpPsStuUyY".contains(&letter) {
        return None;
    }
    Some((Segment::Value { letter, format, width, left, zeros }, index))
}

pub(super) fn print(cx: &mut Cx<'_>, walk: &mut Walk, segments: &[Segment]) {
    for segment in segments {
        match segment {
            Segment::Text(text) => cx.out.write(text),
            Segment::Stop => return,
            Segment::Value { letter, format, width, left, zeros } => {
                let value = value(walk, *letter, *format);
                let missing = width.saturating_sub(value.len());
                if *left {
                    cx.out.write(&value);
                    cx.out.write(" ".repeat(missing).as_bytes());
                } else {
                    let fill = if *zeros { "0" } else { " " };
                    cx.out.write(fill.repeat(missing).as_bytes());
                    cx.out.write(&value);
                }
            }
        }
    }
}

fn value(walk: &mut Walk, letter: u8, format: u8) -> Vec<u8> {
    let path = walk.path().as_os_str().as_bytes();
    match letter {
        b'p' => return path.to_vec(),
        b'f' => return super::super::common::last_component(walk.path()).as_bytes().to_vec(),
        b'h' => {
            let end = path.iter().rposition(|&byte| byte == b'/');
            return end.map_or(&b"."[..], |slash| &path[..slash]).to_vec();
        }
        b'P' | b'H' => {
            let root = root_length(walk);
            return if letter == b'H' {
                path[..root].to_vec()
            } else {
                path[root..].strip_prefix(b"/").unwrap_or(&path[root..]).to_vec()
            };
        }
        b'd' => return walk.depth().to_string().into_bytes(),
        b'y' => return vec![kind_letter(walk.kind())],
        b'l' | b'>' => return link(walk, letter),
        b'Y' => {
            return match at::stat(walk.directory(), walk.name(), Links::Follow) {
                Ok(stat) => vec![kind_letter(stat.kind())],
                Err(_) => b"N".to_vec(),
            };
        }
        _ => {}
    }
    match walk.stat() {
        Ok(stat) => stat_value(walk, &stat, letter, format),
        Err(_) => b"?".to_vec(),
    }
}

fn link(walk: &Walk, letter: u8) -> Vec<u8> {
    if walk.kind() != Kind::Symlink {
        return Vec::new();
    }
    let target = at::read_link(walk.directory(), walk.name()).unwrap_or_default().into_vec();
    if letter == b'>' { [b" -> ", &target[..]].concat() } else { target }
}

/// The length of the root that the walk began with: each level has one name more behind it.
fn root_length(walk: &Walk) -> usize {
    let path = walk.path().as_os_str().as_bytes();
    let mut end = path.len();
    for _ in 0..walk.depth() {
        end = path[..end].iter().rposition(|&byte| byte == b'/').unwrap_or(0);
    }
    // The root "/" is its own slash.
    if end == 0 && walk.depth() > 0 { 1 } else { end }
}

fn stat_value(walk: &Walk, stat: &Stat, letter: u8, format: u8) -> Vec<u8> {
    let number = |number: u64| number.to_string().into_bytes();
    match letter {
        b'b' => number(stat.blocks),
        b'k' => number(stat.blocks.div_ceil(2)),
        b's' => number(stat.size),
        b'D' => number(stat.device),
        b'i' => number(stat.inode),
        b'n' => number(stat.links),
        b'G' => number(u64::from(stat.gid)),
        b'U' => number(u64::from(stat.uid)),
        b'g' => posix::passwd::group_by_id(stat.gid)
            .map_or_else(|| number(u64::from(stat.gid)), |group| group.name),
        b'u' => {
            posix::passwd::user_by_id(stat.uid).map_or_else(|| number(u64::from(stat.uid)), |user| user.name)
        }
        b'm' => format!("{:o}", stat.permissions()).into_bytes(),
        b'M' => posix::mode::text(stat.mode).to_vec(),
        b'a' => time(stat.accessed, b'c'),
        b'c' => time(stat.changed, b'c'),
        b't' => time(stat.modified, b'c'),
        b'A' => time(stat.accessed, format),
        b'C' => time(stat.changed, format),
        b'T' => time(stat.modified, format),
        b'B' => at::birth(walk.directory(), walk.name(), walk.links())
            .map_or_else(Vec::new, |born| time(born, format)),
        _ => Vec::new(),
    }
}

/// Seconds and times of the day have all their digits.
fn time(time: Time, format: u8) -> Vec<u8> {
    let fraction = format!(".{:09}0", time.nanoseconds);
    if format == b'@' {
        return format!("{}{fraction}", time.seconds).into_bytes();
    }
    let pattern: Vec<u8> = match format {
        b'c' => format!("%a %b %e %H:%M:%S{fraction} %Y").into_bytes(),
        b'+' => format!("%Y-%m-%d+%H:%M:%S{fraction}").into_bytes(),
        b'S' => format!("%S{fraction}").into_bytes(),
        b'T' | b'X' => format!("%H:%M:%S{fraction}").into_bytes(),
        letter => vec![b'%', letter],
    };
    let mut text = Vec::new();
    let civil = Zone::local().civil(time.seconds);
    posix::calendar::strftime(&pattern, &civil, time.nanoseconds, &mut text);
    text
}
