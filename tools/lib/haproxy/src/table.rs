//! A table in text, whose first line names its columns. Pure.

/// Rows of cells, each found by the name of its column.
pub(crate) struct Table<'a> {
    head: Vec<&'a str>,
    rows: Vec<Vec<&'a str>>,
}

/// One of its rows.
pub(crate) struct Row<'a, 't> {
    table: &'t Table<'a>,
    cells: &'t [&'a str],
}

impl<'a> Table<'a> {
    /// Nothing where the first line names no columns.
    pub(crate) fn read(text: &'a str, parted_by: char) -> Option<Self> {
        let mut lines = text.lines();
        let head = lines.next()?.strip_prefix("# ")?;
        Some(Self {
            head: head.split(parted_by).collect(),
            rows: lines.map(|line| line.split(parted_by).collect()).collect(),
        })
    }

    /// The rows in which each of the columns `key` holds its value.
    pub(crate) fn rows(&self, key: &[(&str, &str)]) -> impl Iterator<Item = Row<'a, '_>> {
        self.rows
            .iter()
            .map(|cells| Row { table: self, cells })
            .filter(move |row| key.iter().all(|(name, value)| row.get(name) == Some(value)))
    }

    /// The cell in `column` of the first such row.
    pub(crate) fn cell(&self, key: &[(&str, &str)], column: &str) -> Option<&'a str> {
        self.rows(key).next()?.get(column)
    }
}

impl<'a> Row<'a, '_> {
    /// The cell in that column.
    pub(crate) fn get(&self, column: &str) -> Option<&'a str> {
        let place = self.table.head.iter().position(|name| *name == column)?;
        self.cells.get(place).copied()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const STATISTICS: &str = "# pxname,svname,qcur,qmax,scur,smax,desc,\n\
        shop,FRONTEND,,,9,9,,\nshop,blue,1,0,4,0,\"a, b\",\nold,green,0,0,7,0,,\nshop,green,0,0,2,0,,\n";

    #[test]
    fn a_cell_is_found_by_its_row_and_column() {
        let table = Table::read(STATISTICS, ',').unwrap();
        let of =
            |server: &str, column| table.cell(&[("pxname", "shop"), ("svname", server)], column);
        assert_eq!(of("blue", "scur"), Some("4"));
        assert_eq!(of("blue", "qcur"), Some("1"));
        assert_eq!(of("green", "scur"), Some("2"));
        assert_eq!(of("gone", "scur"), None);
        assert_eq!(of("green", "gone"), None);
        assert_eq!(table.rows(&[("pxname", "shop")]).count(), 3);
        assert!(Table::read("Permission denied", ',').is_none());
    }
}
