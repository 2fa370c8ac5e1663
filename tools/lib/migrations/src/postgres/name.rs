//! Names in the tree of a statement.

use crate::effect::Name;
use squawk_syntax::{SyntaxKind, SyntaxNode, SyntaxToken};

/// The first child of one of these kinds.
pub(super) fn child(node: &SyntaxNode, kinds: &[SyntaxKind]) -> Option<SyntaxNode> {
    node.children().find(|child| kinds.contains(&child.kind()))
}

/// Whether a child of that kind is there.
pub(super) fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children().any(|child| child.kind() == kind)
}

/// The name that a node is, or begins with: `schema.name` in whatever quotes.
pub(super) fn of(node: &SyntaxNode) -> Option<Name> {
    let path = |node: &SyntaxNode| matches!(node.kind(), SyntaxKind::PATH | SyntaxKind::PATH_REF);
    let named = node
        .descendants()
        .find(path)
        .unwrap_or_else(|| node.clone());
    from_tokens(&named)
}

fn from_tokens(node: &SyntaxNode) -> Option<Name> {
    let mut parts = Vec::new();
    let tokens = node
        .descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token);
    for token in tokens.filter(is_no_trivia) {
        match token.kind() {
            SyntaxKind::DOT | SyntaxKind::ONLY_KW | SyntaxKind::STAR => {}
            _ => parts.push(folded(token.text())),
        }
    }
    let name = parts.pop()?;
    // Two of the same name in different schemas are two; a schema that is the usual one is nearly always left away.
    let schema = parts.pop().filter(|schema| schema != "public");
    let full = match schema {
        Some(schema) => format!("{schema}.{name}"),
        None => name,
    };
    Some(Name {
        key: full.clone(),
        shown: full,
    })
}

fn is_no_trivia(token: &SyntaxToken) -> bool {
    !matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT)
}

/// As PostgreSQL keeps it: what stands in quotes as it is, anything else in lower case.
fn folded(text: &str) -> String {
    match text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => text.to_lowercase(),
    }
}

/// The text of a node without blanks around it, on one line.
pub(super) fn text(node: &SyntaxNode) -> String {
    crate::scan::shortened(&node.text().to_string())
}
