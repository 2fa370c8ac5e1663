use super::{others, tools};
use crate::page::{Page, sections};
use crate::{markdown, page};

/// The tools of the workspace, as its Cargo.toml lists them.
fn members() -> Vec<&'static str> {
    include_str!("../../Cargo.toml")
        .lines()
        .filter_map(|line| line.trim().strip_prefix("\"tools/")?.strip_suffix("\","))
        .filter(|member| !member.starts_with("lib/"))
        .collect()
}

#[test]
fn every_tool_has_a_page_and_no_page_is_without_a_tool() {
    let pages: Vec<&str> = tools().iter().map(|page| page.name).collect();
    assert_eq!(pages, members());
}

#[test]
fn every_page_has_the_sections_that_people_look_for() {
    for page in tools() {
        let written: Vec<&str> = sections(page.written)
            .iter()
            .map(|(title, _)| *title)
            .collect();
        for title in ["SYNOPSIS", "DESCRIPTION", "REPORT", "EXAMPLES", "SEE ALSO"] {
            assert!(
                written.contains(&title),
                "sections/{}.md has no {title}",
                page.name
            );
        }
        let roff = page.roff();
        for title in ["OPTIONS", "ENVIRONMENT", "EXIT STATUS", "ERROR CODES"] {
            assert_eq!(
                roff.matches(&format!("\n.SH {title}\n")).count(),
                1,
                "{}: {title}",
                page.name
            );
        }
    }
    for page in others() {
        assert!(page.roff().contains("\n.SH EXIT STATUS\n"), "{}", page.name);
    }
}

#[test]
fn every_error_code_is_told_once() {
    for page in tools() {
        let mut codes = page.generated.errors;
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup_by_key(|(code, _)| *code);
        assert_eq!(codes.len(), count, "{}", page.name);
    }
}

#[test]
fn every_field_of_a_report_is_described() {
    let mut missing = Vec::new();
    let mut look = |tool: &str, fields: &[&str]| {
        let pages = tools();
        let text = pages
            .iter()
            .find(|page| page.name == tool)
            .map_or("", |page| page.written);
        let report = sections(text)
            .into_iter()
            .find(|(title, _)| *title == "REPORT");
        let report = report.map_or("", |(_, body)| body);
        for field in fields {
            let name = field
                .split('.')
                .rfind(|part| !matches!(*part, "N" | "*"))
                .unwrap_or(field);
            if !report.contains(name) {
                missing.push(format!("sections/{tool}.md, REPORT: {field}"));
            }
        }
    };
    macro_rules! each {
        ($($tool:ident),*) => {
            $(look(<$tool::Tool as step::Tool>::NAME, <$tool::Tool as step::Tool>::FIELDS);)*
        };
    }
    each!(
        deploy_state,
        preflight,
        release_stage,
        drain_wait,
        service_stop,
        release_swap,
        service_start,
        healthwait,
        rollback,
        release_prune
    );
    assert!(missing.is_empty(), "not described:\n{}", missing.join("\n"));
}

#[test]
fn the_references_lead_to_pages_that_exist() {
    let pages: Vec<Page> = tools().into_iter().chain(others()).collect();
    let known: Vec<String> = pages
        .iter()
        .map(|page| format!("{}({})", page.name, page.chapter))
        .collect();
    for page in &pages {
        for (_, body) in sections(page.written)
            .iter()
            .filter(|(title, _)| *title == "SEE ALSO")
        {
            for reference in body
                .split([',', '\n'])
                .map(str::trim)
                .filter(|it| !it.is_empty())
            {
                let elsewhere = reference.starts_with("systemd");
                assert!(
                    elsewhere || known.iter().any(|it| it == reference),
                    "{}: {reference}",
                    page.name
                );
            }
        }
    }
}

#[test]
fn text_becomes_roff() {
    let rows = [
        (
            "one\ntwo `a-b` *c* **d**",
            ".PP\none two \\fBa\\-b\\fP \\fIc\\fP \\fBd\\fP\n",
        ),
        (
            "    x -\n\n    .y",
            ".PP\n.RS 4\n.EX\nx \\-\n\n\\&.y\n.EE\n.RE\n",
        ),
        (
            "`from`\n: before,\nlater",
            ".TP\n\\fBfrom\\fP\nbefore, later\n.PP\n",
        ),
        ("- a\n  b\n- c", ".IP \\(bu 2\na b\n.IP \\(bu 2\nc\n"),
        ("2 * 3 * 4 … \\", ".PP\n2 * 3 * 4 \\[u2026] \\e\n"),
        ("## Title", ".SS Title\n"),
    ];
    for (text, roff) in rows {
        assert_eq!(markdown::roff(text), roff, "{text}");
    }
}

#[test]
fn a_text_is_cut_at_its_titles() {
    assert_eq!(
        page::sections("# A\n\none\n\n## B\ntwo\n# C\nthree\n"),
        [("A", "one\n\n## B\ntwo"), ("C", "three")]
    );
}
