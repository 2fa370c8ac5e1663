//! Files that hold both ways: comments that say where the way back begins, and where it ends.

/// Whether what follows that comment leads back (true) or forward (false); None where the comment says nothing of it.
pub(crate) fn backwards(comment: &str) -> Option<bool> {
    let said = comment.trim_start_matches(['-', '#', ' ', '\t']).trim_end();
    let folded = said.to_ascii_lowercase();
    match folded.as_str() {
        // goose, sql-migrate, dbmate (which may have options behind it), node-pg-migrate, MyBatis, Play.
        "+goose down" | "down migration" | "//@undo" | "!downs" => Some(true),
        "+goose up" | "up migration" | "!ups" => Some(false),
        _ if starts(&folded, "+migrate down") || starts(&folded, "migrate:down") => Some(true),
        _ if starts(&folded, "+migrate up") || starts(&folded, "migrate:up") => Some(false),
        _ => None,
    }
}

fn starts(said: &str, with: &str) -> bool {
    said.strip_prefix(with)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_has_its_own_words() {
        for down in [
            "-- +goose Down",
            "-- +migrate Down",
            "-- migrate:down transaction:false",
            "-- Down Migration",
            "-- //@UNDO",
            "# --- !Downs",
            "-- !Downs",
        ] {
            assert_eq!(backwards(down), Some(true), "{down}");
        }
        for up in [
            "-- +goose Up",
            "--+migrate Up notransaction",
            "-- migrate:up",
            "-- !Ups",
        ] {
            assert_eq!(backwards(up), Some(false), "{up}");
        }
        for neither in [
            "-- down",
            "-- migrate:downwards",
            "-- +goose StatementBegin",
            "",
        ] {
            assert_eq!(backwards(neither), None, "{neither}");
        }
    }
}
