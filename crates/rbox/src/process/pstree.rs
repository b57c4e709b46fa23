//! pstree — print processes as a tree.
//!
//! Source: BusyBox 1.37; pstree(1) of psmisc.

use posix::{passwd, procfs};

use crate::prelude::*;
use posix::procfs::printable;

pub(crate) const APPLET: Applet = Applet {
    name: "pstree",
    links: &["/usr/bin/pstree"],
    usage: "\
pstree [-p] [PID | USER]

Print the tree of processes, or that from PID or the processes of USER on.

  -p  With their numbers; subtrees that are the same are then not put together
",
    process: Process::Fork,
    run,
};

struct Node {
    pid: i32,
    parent: i32,
    user: u32,
    text: String,
    children: Vec<usize>,
}

struct Tree {
    nodes: Vec<Node>,
    with_pids: bool,
    width: usize,
}

fn run(cx: &mut Cx<'_>) -> Result {
    let options = cx.options()?;
    options.expect_operands(0, 1)?;
    let width = sys::tty::window_size(1).map_or(80, |(columns, _)| usize::from(columns));
    let mut tree = Tree { nodes: Vec::new(), with_pids: options.has('p'), width };
    tree.read();
    let Some(operand) = options.operands().first() else { return tree.print_from(&mut cx.out, 1) };
    if let Ok(pid) = cli::options::number(operand) {
        return tree.print_from(&mut cx.out, i32::try_from(pid).unwrap_or(0));
    }
    let user = passwd::user_by_name(operand.as_bytes())
        .ok_or_else(|| Error::message(format_args!("unknown user {}", operand.display())))?;
    let owns = |index: usize| tree.nodes[index].user == user.uid;
    for index in 0..tree.nodes.len() {
        let parent = tree.find(tree.nodes[index].parent);
        if owns(index) && !parent.is_some_and(owns) {
            tree.print(&mut cx.out, index);
            cx.out.write(b"\n");
        }
    }
    Ok(())
}

impl Tree {
    fn read(&mut self) {
        for stat in procfs::processes() {
            let user = procfs::Ids::of(stat.pid).map_or(0, |ids| ids.user);
            let name = printable(&stat.name);
            self.push(stat.pid, stat.parent, user, name);
            if stat.threads > 1 {
                for thread in procfs::threads(stat.pid) {
                    if thread != stat.pid
                        && let Some(own) = procfs::Stat::of_thread(stat.pid, thread)
                    {
                        self.push(thread, stat.pid, user, format!("{{{}}}", printable(&own.name)));
                    }
                }
            }
        }
        for index in 0..self.nodes.len() {
            if let Some(parent) = self.find(self.nodes[index].parent).filter(|&parent| parent != index) {
                let children = &self.nodes[parent].children;
                // By name; of the same name, the one that was found first.
                let name = &self.nodes[index].text;
                let place = children.iter().position(|&other| self.nodes[other].text > *name);
                let place = place.unwrap_or(children.len());
                self.nodes[parent].children.insert(place, index);
            }
        }
        if self.with_pids {
            for node in &mut self.nodes {
                node.text += &format!("({})", node.pid);
            }
        }
    }

    fn push(&mut self, pid: i32, parent: i32, user: u32, text: String) {
        self.nodes.push(Node { pid, parent, user, text, children: Vec::new() });
    }

    fn find(&self, pid: i32) -> Option<usize> {
        self.nodes.iter().position(|node| node.pid == pid)
    }

    fn print_from(&self, out: &mut Output, pid: i32) -> Result {
        if let Some(index) = self.find(pid) {
            self.print(out, index);
        }
        Ok(())
    }

    fn print(&self, out: &mut Output, root: usize) {
        self.draw(out, root, 1, &mut String::new(), &mut String::new(), 0);
    }

    /// Draws the subtree. `line` holds what stands before on the first line, `margin` what stands before the others;
    /// `closing` brackets are owed at the ends of lines.
    fn draw(
        &self,
        out: &mut Output,
        index: usize,
        count: usize,
        line: &mut String,
        margin: &mut String,
        closing: usize,
    ) {
        let node = &self.nodes[index];
        let before = line.chars().count();
        if count > 1 {
            *line += &format!("{count}*[");
        }
        *line += &node.text;
        let width = line.chars().count() - before;
        let closing = closing + usize::from(count > 1);
        if node.children.is_empty() {
            line.extend(std::iter::repeat_n(']', closing));
            self.finish(out, line);
            return;
        }
        let mut left: Vec<usize> = node.children.clone();
        let margin_length = margin.len();
        let mut first = true;
        while !left.is_empty() {
            let child = left.remove(0);
            let mut same = 1;
            if !self.with_pids {
                let all = left.len();
                left.retain(|&other| !self.is_same(child, other));
                same += all - left.len();
            }
            let last = left.is_empty();
            if first {
                *line += if last { "---" } else { "-+-" };
            } else {
                line.clear();
                *line += margin;
                line.extend(std::iter::repeat_n(' ', width + 1));
                *line += if last { "`-" } else { "|-" };
            }
            margin.extend(std::iter::repeat_n(' ', width + 1));
            *margin += if last { "  " } else { "| " };
            self.draw(out, child, same, line, margin, closing);
            margin.truncate(margin_length);
            first = false;
        }
    }

    fn is_same(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.nodes[one], &self.nodes[other]);
        one.text == other.text
            && one.children.len() == other.children.len()
            && one.children.iter().zip(&other.children).all(|(&one, &other)| self.is_same(one, other))
    }

    /// Prints the line, cut to the width, with a `+` where something is missing.
    fn finish(&self, out: &mut Output, line: &mut String) {
        if let Some((end, _)) = line.char_indices().nth(self.width)
            && let Some((start, _)) = line[..end].char_indices().next_back()
        {
            line.truncate(start);
            line.push('+');
        }
        line.push('\n');
        out.write(line.as_bytes());
        line.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws() {
        let mut tree = Tree { nodes: Vec::new(), with_pids: false, width: 30 };
        for (pid, parent, text) in [
            (1, 0, "init"),
            (2, 1, "getty"),
            (3, 1, "getty"),
            (4, 1, "sh"),
            (5, 4, "ls"),
            (6, 4, "more"),
            (7, 1, "x"),
            (8, 7, "a-very-long-name-of-one"),
        ] {
            tree.push(pid, parent, 0, text.to_string());
        }
        for index in 1..8 {
            let parent = tree.find(tree.nodes[index].parent).unwrap();
            tree.nodes[parent].children.push(index);
        }
        let mut out = Output::to_memory();
        tree.print(&mut out, 0);
        let expected = "\
init-+-2*[getty]
     |-sh-+-ls
     |    `-more
     `-x---a-very-long-name-o+
";
        assert_eq!(String::from_utf8(out.take()).unwrap(), expected);
    }
}
