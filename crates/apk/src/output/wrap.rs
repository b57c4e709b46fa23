//! wrap — items one after the other, continued on the next line below the first one.

/// Lines of items that end before `width` where that can be.
pub struct Wrapped {
    text: Vec<u8>,
    width: usize,
    indent: usize,
    column: usize,
    fresh: bool,
}

impl Wrapped {
    /// Nothing yet; lines are at most `width` bytes.
    pub fn new(width: usize) -> Wrapped {
        Wrapped { text: Vec::new(), width, indent: 0, column: 0, fresh: true }
    }

    /// Begins a line with `spaces` and `label`; the items that follow stand behind it, in further lines below each other.
    pub fn label(&mut self, spaces: usize, label: &[u8]) {
        self.text.resize(self.text.len() + spaces, b' ');
        self.text.extend_from_slice(label);
        self.column = spaces + label.len();
        self.indent = self.column + 1;
        self.fresh = false;
    }

    /// Begins with items that stand at `indent`.
    pub fn indented(&mut self, indent: usize) {
        self.text.resize(self.text.len() + indent, b' ');
        self.column = indent;
        self.indent = indent;
        self.fresh = true;
    }

    /// Adds one item, behind a space or on a line of its own where it does not fit.
    pub fn item(&mut self, item: &[u8]) {
        if !self.fresh {
            if self.column + 1 + item.len() >= self.width && self.column > self.indent {
                self.text.push(b'\n');
                self.text.resize(self.text.len() + self.indent, b' ');
                self.column = self.indent;
            } else {
                self.text.push(b' ');
                self.column += 1;
            }
        }
        self.text.extend_from_slice(item);
        self.column += item.len();
        self.fresh = false;
    }

    /// Ends the line.
    pub fn end(&mut self) {
        self.text.push(b'\n');
        self.column = 0;
        self.fresh = true;
    }

    /// The text so far.
    pub fn into_bytes(self) -> Vec<u8> {
        self.text
    }
}
