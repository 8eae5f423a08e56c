//! A site with so many people, made in one go: everybody follows the next few, who have not read all of it.

use diesel::connection::SimpleConnection;
use tidings::auth::session_token::{SessionToken, Signer};
use tidings::db::{Connection, NoConnection};
use tidings::ids::UserId;
use tidings::model::secrets;
use tidings::store::Store;

use crate::support::Home;

/// A database full of people; their ids are 1 to `people`.
pub struct Crowd {
    pub home: Home,
    pub people: i64,
    signer: Signer,
    now: i64,
}

/// There should be none.
#[derive(Debug)]
pub struct Trouble;

impl From<diesel::result::Error> for Trouble {
    fn from(cause: diesel::result::Error) -> Self {
        panic!("{cause}")
    }
}

impl From<NoConnection> for Trouble {
    fn from(cause: NoConnection) -> Self {
        panic!("{cause:?}")
    }
}

/// The names of the people of a crowd.
pub fn name(id: i64) -> String {
    format!("person_{id}")
}

impl Crowd {
    /// `people` who each have `lines` notifications, one of two read.
    pub fn new(home: Home, people: i64, lines: i64) -> Crowd {
        let store = Store::open(&home.settings().check().expect("settings")).expect("a database");
        let fresh = Signer::fresh_key().expect("randomness");
        let (key, _) = store.change(|tx| Ok::<_, Trouble>(secrets::get_or_insert(tx, secrets::SESSION_KEY, &fresh)?)).expect("a key");
        let crowd = Crowd { home, people, signer: Signer::new(&key).expect("a key"), now: tidings::clock::Clock::default().now() };
        crowd.fill(lines);
        crowd
    }

    fn fill(&self, lines: i64) {
        let (people, now) = (self.people, self.now);
        let mut shell = self.home.shell();
        let (numbers, pairs, after) = match shell {
            Connection::Sqlite(_) => (
                format!("WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {people})"),
                format!(
                    "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n + 1 < {people} * {lines}), p(me, k) AS (SELECT n / {lines}, n % {lines} FROM n)"
                ),
                "PRAGMA optimize; ANALYZE; PRAGMA wal_checkpoint(TRUNCATE)",
            ),
            Connection::Postgres(_) => (
                format!("WITH n(n) AS (SELECT generate_series(1, {people}))"),
                format!("WITH p(me, k) AS (SELECT n / {lines}, n % {lines} FROM generate_series(0, {people}::bigint * {lines} - 1) n)"),
                "VACUUM ANALYZE; CHECKPOINT",
            ),
        };
        // Stamps of long ago, so that the sweep does not take them for news.
        let users = format!(
            "INSERT INTO users (username, password_hash, last_update, created_at) {numbers} SELECT 'person_' || n, '-', {now} - 86400000 - n, 0 FROM n"
        );
        let follows = format!("INSERT INTO follows (follower_id, followee_id, created_at) {pairs} SELECT me + 1, (me + k + 1) % {people} + 1, 0 FROM p");
        let notifications = format!(
            "INSERT INTO notifications (recipient_id, actor_id, kind, group_key, created_at, read_at) {pairs} \
             SELECT me + 1, (me - k - 1 + {people}) % {people} + 1, 'follow', 'follow:' || ((me - k - 1 + {people}) % {people} + 1), {now} - 86400000, \
             CASE WHEN k % 2 = 0 THEN 1 END FROM p"
        );
        for statement in [users, follows, notifications] {
            shell.batch_execute(&statement).expect("people");
        }
        for statement in after.split("; ") {
            shell.batch_execute(statement).expect("statistics");
        }
    }

    /// The cookie of a session of `user`, as a browser would send it; whether there is such a session in the database is
    /// another question, and one that an unchanged poll never asks.
    pub fn token(&self, user: i64) -> SessionToken {
        SessionToken::fresh(UserId(user), self.now).expect("randomness")
    }

    pub fn seal(&self, token: &SessionToken) -> String {
        self.signer.sign(token)
    }

    /// Sealed tokens of living sessions of `users`, in their order.
    pub fn sign_in(&self, users: impl Iterator<Item = i64>) -> Vec<String> {
        let (mut shell, mut sealed) = (self.home.shell(), Vec::new());
        let hex = |bytes: [u8; 32]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let tokens: Vec<SessionToken> = users.map(|user| self.token(user)).collect();
        for some in tokens.chunks(500) {
            let rows: Vec<String> = some
                .iter()
                .map(|token| {
                    let hash = match shell {
                        Connection::Sqlite(_) => format!("x'{}'", hex(token.hash())),
                        Connection::Postgres(_) => format!("'\\x{}'", hex(token.hash())),
                    };
                    format!("({hash}, {}, 'browser', {now}, {now}, {}, {})", token.user, token.idle_expires_at, token.expires_at, now = self.now)
                })
                .collect();
            let insert = "INSERT INTO sessions (token_hash, user_id, kind, created_at, seen_at, idle_expires_at, expires_at) VALUES";
            shell.batch_execute(&format!("{insert} {}", rows.join(", "))).expect("sessions");
            sealed.extend(some.iter().map(|token| self.seal(token)));
        }
        sealed
    }

    /// The stamp with which everybody starts.
    pub fn stamp(&self, user: i64) -> i64 {
        self.now - 86_400_000 - user
    }
}
