//! What people do, and what the site should make of it, as plain data: the reference that random stories are compared with.
//!
//! Users, sessions and notifications are numbered in the order in which they come to be. Their ids are the site's own.

use std::collections::BTreeSet;

/// How many people a story begins with.
pub const PEOPLE: usize = 3;

/// What happens next. The numbers may be those of somebody else's things, or of things that are gone.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// Whoever has this session does something with it.
    Act { session: usize, how: How, verb: Verb },
    /// Somebody signs in once more.
    SignIn { user: usize, how: How },
    /// Somebody takes this name, of which there are [`PEOPLE`].
    SignUp { name: usize },
}

/// By which way. Where a verb is not in the JSON API, or htmx is not told of it, it is a form on a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    Page,
    Htmx,
    Program,
}

/// Whom or what it concerns, by number. A page names people by name, whoever has it now; a program by id.
#[derive(Debug, Clone, Copy)]
pub enum Verb {
    Follow(usize),
    Unfollow(usize),
    Read(usize),
    Unread(usize),
    Delete(usize),
    ReadAll(usize),
    Revoke(usize),
    RevokeOthers,
    ChangePassword,
    SignOut,
    DeleteAccount,
}

impl How {
    /// The way that there is for `verb`.
    pub fn of(self, verb: Verb) -> How {
        match (self, verb) {
            (How::Program, Verb::Follow(_) | Verb::Unfollow(_) | Verb::ReadAll(_) | Verb::SignOut) => How::Program,
            (How::Htmx, Verb::Follow(_) | Verb::Unfollow(_) | Verb::Read(_) | Verb::Unread(_) | Verb::Delete(_) | Verb::ReadAll(_)) => How::Htmx,
            _ => How::Page,
        }
    }
}

/// How a step is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// Done, and it was not so before.
    Created,
    NotFound,
    Refused,
    SignedOut,
}

/// Everybody, and all they have.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub users: Vec<User>,
    pub sessions: Vec<Session>,
    /// How many notifications there have been.
    pub notified: usize,
}

/// An account. One that is made under the name of one that was deleted is somebody else's.
#[derive(Debug, Clone)]
pub struct User {
    pub name: usize,
    /// How often it was changed.
    pub password: usize,
    pub is_there: bool,
    pub follows: BTreeSet<usize>,
    /// Newest first.
    pub inbox: Vec<Line>,
}

/// A notification.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub number: usize,
    pub follower: usize,
    pub unread: bool,
}

#[derive(Debug, Clone, Copy)]
pub struct Session {
    pub user: usize,
    pub lives: bool,
}

impl User {
    pub fn unread(&self) -> usize {
        self.inbox.iter().filter(|line| line.unread).count()
    }
}

impl Model {
    /// Everybody has an account and is signed in; nobody follows anybody.
    pub fn new() -> Model {
        let mut model = Model::default();
        (0..PEOPLE).for_each(|name| model.make_account(name));
        model
    }

    /// Who has this name.
    pub fn holder(&self, name: usize) -> Option<usize> {
        self.users.iter().position(|user| user.is_there && user.name == name)
    }

    /// The living sessions of `user`.
    pub fn sessions_of(&self, user: usize) -> impl Iterator<Item = usize> {
        self.sessions.iter().enumerate().filter(move |(_, session)| session.lives && session.user == user).map(|(number, _)| number)
    }

    /// What the site should do. Whoever has no session left opens another afterwards, so that one can look at what they see.
    pub fn take(&mut self, step: Step) -> Outcome {
        let outcome = match step {
            Step::Act { session, .. } if !self.sessions[session].lives => Outcome::SignedOut,
            Step::Act { session, how, verb } => self.act(session, how, verb),
            Step::SignIn { user, .. } => self.open_session(user),
            Step::SignUp { name } if self.holder(name).is_some() => Outcome::Refused,
            Step::SignUp { name } => {
                self.make_account(name);
                Outcome::Done
            }
        };
        for user in 0..self.users.len() {
            if self.users[user].is_there && self.sessions_of(user).next().is_none() {
                self.open_session(user);
            }
        }
        outcome
    }

    fn make_account(&mut self, name: usize) {
        self.users.push(User { name, password: 0, is_there: true, follows: BTreeSet::new(), inbox: Vec::new() });
        self.open_session(self.users.len() - 1);
    }

    fn open_session(&mut self, user: usize) -> Outcome {
        self.sessions.push(Session { user, lives: true });
        Outcome::Done
    }

    fn act(&mut self, session: usize, how: How, verb: Verb) -> Outcome {
        let me = self.sessions[session].user;
        match verb {
            Verb::Follow(whom) => self.follow(me, whom, how),
            Verb::Unfollow(whom) => self.unfollow(me, whom, how),
            Verb::Read(line) => self.mark(me, line, false),
            Verb::Unread(line) => self.mark(me, line, true),
            Verb::Delete(line) => self.delete(me, line),
            Verb::ReadAll(through) => {
                self.users[me].inbox.iter_mut().filter(|line| line.number <= through).for_each(|line| line.unread = false);
                Outcome::Done
            }
            Verb::Revoke(other) => self.revoke(me, |number| number == other),
            Verb::RevokeOthers => self.revoke(me, |number| number != session),
            Verb::ChangePassword => {
                self.users[me].password += 1;
                self.revoke(me, |number| number != session)
            }
            Verb::SignOut => self.revoke(me, |number| number == session),
            Verb::DeleteAccount => self.delete_account(me),
        }
    }

    /// Whom a page means, or a program.
    fn target(&self, whom: usize, how: How) -> Option<usize> {
        let user = &self.users[whom];
        if how == How::Program { Some(whom).filter(|_| user.is_there) } else { self.holder(user.name) }
    }

    fn follow(&mut self, me: usize, whom: usize, how: How) -> Outcome {
        let Some(whom) = self.target(whom, how) else { return Outcome::NotFound };
        if whom == me {
            return Outcome::Refused;
        }
        if !self.users[me].follows.insert(whom) {
            return Outcome::Done;
        }
        let inbox = &mut self.users[whom].inbox;
        inbox.retain(|line| line.follower != me);
        inbox.insert(0, Line { number: self.notified, follower: me, unread: true });
        self.notified += 1;
        Outcome::Created
    }

    fn unfollow(&mut self, me: usize, whom: usize, how: How) -> Outcome {
        let Some(whom) = self.target(whom, how) else { return Outcome::NotFound };
        if self.users[me].follows.remove(&whom) {
            self.users[whom].inbox.retain(|line| line.follower != me || !line.unread);
        }
        if whom == me && how == How::Program { Outcome::Refused } else { Outcome::Done }
    }

    fn mark(&mut self, me: usize, number: usize, unread: bool) -> Outcome {
        match self.users[me].inbox.iter_mut().find(|line| line.number == number) {
            Some(line) => {
                line.unread = unread;
                Outcome::Done
            }
            None => Outcome::NotFound,
        }
    }

    fn delete(&mut self, me: usize, number: usize) -> Outcome {
        let before = self.users[me].inbox.len();
        self.users[me].inbox.retain(|line| line.number != number);
        if self.users[me].inbox.len() < before { Outcome::Done } else { Outcome::NotFound }
    }

    fn revoke(&mut self, me: usize, which: impl Fn(usize) -> bool) -> Outcome {
        let sessions = self.sessions.iter_mut().enumerate();
        sessions.filter(|(number, session)| session.user == me && which(*number)).for_each(|(_, session)| session.lives = false);
        Outcome::Done
    }

    fn delete_account(&mut self, me: usize) -> Outcome {
        self.users[me].is_there = false;
        self.users[me].inbox.clear();
        for user in &mut self.users {
            user.follows.remove(&me);
            user.inbox.retain(|line| line.follower != me);
        }
        self.revoke(me, |_| true)
    }
}
