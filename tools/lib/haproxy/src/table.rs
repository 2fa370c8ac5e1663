//! A table in text, whose first line names its columns. Pure.

/// The number in `column` of the first row in which each of the columns `key` holds its value.
pub(crate) fn cell(text: &str, parted_by: char, key: &[(&str, &str)], column: &str) -> Option<u64> {
    let mut lines = text.lines();
    let head = lines.next()?.strip_prefix("# ")?;
    let place = |name: &str| head.split(parted_by).position(|one| one == name);
    let wanted = place(column)?;
    let key: Option<Vec<(usize, &str)>> = key
        .iter()
        .map(|(name, value)| Some((place(name)?, *value)))
        .collect();
    let key = key?;
    lines
        .map(|line| line.split(parted_by).collect::<Vec<&str>>())
        .find(|cells| key.iter().all(|(at, value)| cells.get(*at) == Some(value)))?
        .get(wanted)?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATISTICS: &str = "# pxname,svname,qcur,qmax,scur,smax,desc,\n\
        shop,FRONTEND,,,9,9,,\nshop,blue,1,0,4,0,\"a, b\",\nold,green,0,0,7,0,,\nshop,green,0,0,2,0,,\n";

    #[test]
    fn a_cell_is_found_by_its_row_and_column() {
        let of = |server: &str, column| {
            cell(
                STATISTICS,
                ',',
                &[("pxname", "shop"), ("svname", server)],
                column,
            )
        };
        assert_eq!(of("blue", "scur"), Some(4));
        assert_eq!(of("blue", "qcur"), Some(1));
        assert_eq!(of("green", "scur"), Some(2));
        assert_eq!(of("gone", "scur"), None);
        assert_eq!(of("green", "gone"), None);
        assert_eq!(cell("Permission denied", ',', &[], "scur"), None);
    }
}
