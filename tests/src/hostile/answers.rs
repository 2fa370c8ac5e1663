//! Answers that are small to send and large to take in.

/// So much of an answer's body is looked at, in bytes.
const LOOKED_AT: usize = 1 << 20;
/// Bytes that one step of the bomb stands for.
const STEP: usize = 258;

fn whole(header: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!("HTTP/1.1 200 OK\r\n{header}content-length: {length}\r\n\r\n");
    [head.as_bytes(), body].concat()
}

/// A list in a list in a list.
pub(super) fn deep(levels: usize) -> Vec<u8> {
    let body = format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    whole("", body.as_bytes())
}

/// As many small objects as fit, each of which costs a tree hundreds of bytes.
pub(super) fn crumbs() -> Vec<u8> {
    let crumb = r#"{"":0},"#;
    let body = format!("[{}0]", crumb.repeat((LOOKED_AT - 3) / crumb.len()));
    whole("", body.as_bytes())
}

/// Nearly a mebibyte that unpacks to 160 MB of zeros: a gzip member of one block with the fixed codes of RFC 1951, which
/// is a zero and then "the last byte, 258 times" over and over.
pub(super) fn bomb() -> Vec<u8> {
    let mut bits = Bits::default();
    bits.push(0b1, 1); // the last block
    bits.push(0b01, 2); // with fixed codes
    bits.push(reversed(0b0011_0000, 8), 8); // a zero
    for _ in 0..160_000_000 / STEP - 40_000 {
        bits.push(reversed(0b1100_0101, 8), 8); // 258 bytes more
        bits.push(0, 5); // of those one byte back
    }
    bits.push(0, 7); // the end of the block
    let mut body = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    body.extend(bits.bytes);
    body.extend([0; 8]); // a checksum and a length that nobody gets to
    assert!(body.len() < LOOKED_AT, "{}", body.len());
    whole("content-encoding: gzip\r\n", &body)
}

/// Codes go in from their highest bit, all else from its lowest.
fn reversed(code: u32, width: u32) -> u32 {
    code.reverse_bits() >> (32 - width)
}

#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    pending: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, value: u32, width: u32) {
        self.pending |= value << self.count;
        self.count += width;
        while self.count >= 8 {
            self.bytes.push(self.pending.to_le_bytes()[0]);
            self.pending >>= 8;
            self.count -= 8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::process::{Command, Stdio};

    /// A bomb that does not go off would show nothing.
    #[test]
    fn the_bomb_is_one() {
        let bomb = bomb();
        let start = bomb.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let mut unpacks = Command::new("sh")
            .args(["-c", "gzip -dc 2>/dev/null | wc -c"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = unpacks.stdin.take().unwrap();
        stdin.write_all(&bomb[start..]).unwrap();
        drop(stdin);
        let output = unpacks.wait_with_output().unwrap();
        let size: u64 = String::from_utf8_lossy(&output.stdout)
            .trim()
            .parse()
            .unwrap();
        assert!(size > 140_000_000, "{size}");
    }
}
