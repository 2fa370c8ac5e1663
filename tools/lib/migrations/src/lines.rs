//! Which line a byte is on.

use memchr::memchr_iter;

/// Counts onwards from the last place asked for, so that asking in order reads a text once.
pub(crate) struct Lines<'text> {
    text: &'text [u8],
    place: usize,
    line: usize,
}

impl<'text> Lines<'text> {
    pub(crate) fn new(text: &'text str) -> Self {
        Self {
            text: text.as_bytes(),
            place: 0,
            line: 1,
        }
    }

    /// The line, counted from 1.
    pub(crate) fn of(&mut self, at: usize) -> usize {
        let at = at.min(self.text.len());
        if at < self.place {
            (self.place, self.line) = (0, 1);
        }
        self.line += memchr_iter(b'\n', &self.text[self.place..at]).count();
        self.place = at;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::Lines;

    #[test]
    fn lines_are_counted_from_one_in_any_order() {
        let mut lines = Lines::new("a\nb\n\nc");
        assert_eq!([0, 2, 5, 1, 99].map(|at| lines.of(at)), [1, 2, 4, 1, 4]);
    }
}
