//! The part of the settings about tokens of programs: those that there are, the form for another, and the one that was just made.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::clock::{HOUR, Millis};
use crate::ids::TokenId;
use crate::model::tokens::{ListedToken, Scope};
use crate::views::relative_time::RelativeTime;

/// The part of the page.
#[derive(Template)]
#[template(path = "parts/settings_tokens.html")]
pub(super) struct TokensSection {
    pub(super) tokens: Vec<TokenRow>,
    pub(super) form: TokenForm,
}

impl HtmlSafe for TokensSection {}

/// What the form shows: what was typed, and what is wrong with it.
#[derive(Default)]
pub(super) struct TokenForm {
    /// Sent along with the form, and different in each: so the same form, sent twice, makes one token.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) scope: Option<Scope>,
    pub(super) name_error: Option<String>,
    pub(super) scope_error: Option<&'static str>,
    /// What is not about a field.
    pub(super) error: Option<String>,
}

/// A token that was just made: the page shows it this once.
pub(super) struct MadeToken {
    pub(super) name: String,
    pub(super) token: String,
}

/// A token in the list.
pub(super) struct TokenRow {
    id: TokenId,
    name: String,
    scope: String,
    made: RelativeTime,
    last_used_at: Option<Millis>,
}

/// A scope on offer.
struct ScopeChoice {
    scope: Scope,
    /// As forms and the JSON API call it.
    value: &'static str,
    title: &'static str,
    explanation: &'static str,
}

impl TokensSection {
    fn choices() -> [ScopeChoice; 3] {
        [Scope::Post, Scope::Read, Scope::All].map(|scope| {
            let (title, explanation) = match scope {
                Scope::Post => ("Post", "Writes posts; lists, reads and deletes your own. Enough for a script that tells people something."),
                Scope::Read => ("Read", "Reads what you can read: your inbox, posts, people. It changes nothing."),
                Scope::All => ("Everything", "Does all that you can do, but cannot touch tokens, sessions, your password or your account."),
            };
            ScopeChoice { scope, value: scope.into(), title, explanation }
        })
    }
}

impl TokenForm {
    /// Whether this scope is chosen. At first it is the one that allows the least.
    fn chooses(&self, scope: &Scope) -> bool {
        self.scope.unwrap_or(Scope::Post) == *scope
    }
}

impl TokenRow {
    pub(super) fn new(token: ListedToken, now: Millis) -> TokenRow {
        let ListedToken { id, name, scope, created_at, last_used_at } = token;
        TokenRow { id, name, scope, made: RelativeTime { at: created_at, now }, last_used_at }
    }

    /// The title of its scope; the stored name of one that a newer release made.
    fn scope_title(&self) -> &str {
        let scope: Option<Scope> = self.scope.parse().ok();
        TokensSection::choices().into_iter().find(|choice| Some(choice.scope) == scope).map_or(&self.scope, |choice| choice.title)
    }

    /// When it was last used, which is written down once an hour.
    fn last_used(&self) -> String {
        let now = self.made.now;
        match self.last_used_at {
            None => "never used".to_owned(),
            Some(at) if now - at < HOUR => "used within the last hour".to_owned(),
            Some(at) => format!("last used {}", RelativeTime { at, now }.relative()),
        }
    }
}
