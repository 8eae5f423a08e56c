//! Random stories: every verb, by three people with several sessions each, in any order. After each step everybody's inbox is what the
//! [reference](crate::support::reference) says, every number agrees with it, and a tab hears of the step if and only if it has reason to.
//!
//! A story that failed is printed, as short as it could be made. `TEST_SEED` repeats the run; `PROPTEST_CASES` is how many stories it tells.

use std::cell::Cell;
use std::fmt::{self, Debug, Formatter};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::Union;
use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use proptest_state_machine::ReferenceStateMachine;
use tokio::runtime::Runtime;

use crate::support::random::seed;
use crate::support::reference::{How, Model, PEOPLE, Step, Verb};
use crate::support::system_under_test::SystemUnderTest;
use crate::support::town::{PASSWORD, Town};

/// How many stories are told, if nothing else is asked for.
const STORIES: u32 = 16;
/// How many steps one has.
const STEPS: RangeInclusive<usize> = 10..=25;
/// Sessions of one person, up to which signing in once more is worth its password hash.
const SESSIONS: usize = 3;

#[test]
fn whatever_anybody_does_everybody_sees_what_they_should_and_hears_of_nothing_else() {
    let runtime = Runtime::new().unwrap();
    let (town, password_hash) = runtime.block_on(async {
        let town = Town::new().await;
        let hash = town.site.app.passwords.hash(PASSWORD.to_owned()).await.unwrap();
        (town, hash)
    });
    let number = Cell::new(0);
    let stories = Model::sequential_strategy(STEPS).prop_map(|(_, steps, begun)| Story { steps, begun });
    let told = TestRunner::new(config()).run(&stories, |story| {
        number.set(number.get() + 1);
        runtime.block_on(tell(&town, &password_hash, number.get(), story));
        Ok(())
    });
    runtime.block_on(async { drop(town) });
    match told {
        Ok(()) => {}
        Err(TestError::Fail(why, story)) => panic!("{why}\nThe shortest story found that fails (TEST_SEED, printed above, repeats it):{story:?}"),
        Err(TestError::Abort(why)) => panic!("{why}"),
    }
}

fn config() -> Config {
    let mut config = Config { failure_persistence: None, rng_seed: RngSeed::Fixed(seed()), max_shrink_iters: 300, ..Config::default() };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = STORIES;
    }
    config
}

/// One story, by people of its own.
async fn tell(town: &Town, password_hash: &str, number: usize, story: Story) {
    let mut model = Model::new();
    let mut system = SystemUnderTest::begins(town, password_hash, number, &model).await;
    for step in story.steps {
        // By this, the strategy knows which steps to leave out first, because they were not reached.
        if let Some(begun) = &story.begun {
            begun.fetch_add(1, Ordering::SeqCst);
        }
        system.takes(step, &mut model).await;
    }
}

#[derive(Clone)]
struct Story {
    steps: Vec<Step>,
    /// How many steps were begun; counted before a story is shortened.
    begun: Option<Arc<AtomicUsize>>,
}

impl Debug for Story {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| write!(f, "\n  {step:?}"))
    }
}

impl ReferenceStateMachine for Model {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::new()).boxed()
    }

    /// Of random steps few would change anything, so those that do are preferred.
    fn transitions(model: &Model) -> BoxedStrategy<Step> {
        let mut choices = vec![sign_up(model)];
        if !living_sessions(model).is_empty() {
            choices.extend([(2, sign_in(model)), (6, act_on_anybody(model)), (6, act_on_any_line(model)), (8, act_on_account(model))]);
        }
        let likely = [
            (10, strangers(model), vec![Verb::Follow as VerbOf]),
            (6, followed(model), vec![Verb::Unfollow, Verb::Unfollow, Verb::Follow]),
            (16, own_lines(model), LINE_VERBS.to_vec()),
        ];
        choices.extend(likely.into_iter().filter(|(_, pairs, _)| !pairs.is_empty()).map(|(weight, pairs, verbs)| (weight, act_on(pairs, verbs))));
        Union::new_weighted(choices).boxed()
    }

    fn apply(mut model: Model, step: &Step) -> Model {
        model.take(*step);
        model
    }

    /// A story that was shortened may refer to what it no longer has.
    fn preconditions(model: &Model, step: &Step) -> bool {
        match *step {
            Step::Act { session, verb: Verb::Follow(whom) | Verb::Unfollow(whom), .. } => session < model.sessions.len() && whom < model.users.len(),
            Step::Act { session, .. } => session < model.sessions.len(),
            Step::SignIn { user, .. } => model.users.get(user).is_some_and(|user| user.is_there) && model.sessions_of(user).count() < SESSIONS,
            Step::SignUp { .. } => true,
        }
    }
}

fn living_sessions(model: &Model) -> Vec<usize> {
    (0..model.sessions.len()).filter(|number| model.sessions[*number].lives).collect()
}

/// A living session, and what goes with it.
fn pairs(model: &Model, of: impl Fn(usize) -> Vec<usize>) -> Vec<(usize, usize)> {
    living_sessions(model).into_iter().flat_map(|session| of(model.sessions[session].user).into_iter().map(move |other| (session, other))).collect()
}

fn strangers(model: &Model) -> Vec<(usize, usize)> {
    let is_stranger = |me: usize, whom: usize| whom != me && model.users[whom].is_there && !model.users[me].follows.contains(&whom);
    pairs(model, |me| (0..model.users.len()).filter(|whom| is_stranger(me, *whom)).collect())
}

fn followed(model: &Model) -> Vec<(usize, usize)> {
    pairs(model, |me| model.users[me].follows.iter().copied().collect())
}

fn own_lines(model: &Model) -> Vec<(usize, usize)> {
    pairs(model, |me| model.users[me].inbox.iter().map(|line| line.number).collect())
}

/// Mostly one that lives.
fn sessions(model: &Model) -> BoxedStrategy<usize> {
    prop_oneof![12 => select(living_sessions(model)), 1 => 0..model.sessions.len()].boxed()
}

fn how() -> BoxedStrategy<How> {
    select(vec![How::Page, How::Htmx, How::Program]).boxed()
}

type VerbOf = fn(usize) -> Verb;

const LINE_VERBS: [VerbOf; 4] = [Verb::Read, Verb::Unread, Verb::Delete, Verb::ReadAll];

/// A session, and what it acts on.
fn act_on(pairs: Vec<(usize, usize)>, verbs: Vec<VerbOf>) -> BoxedStrategy<Step> {
    (select(pairs), how(), select(verbs)).prop_map(|((session, it), how, verb)| Step::Act { session, how, verb: verb(it) }).boxed()
}

fn act(model: &Model, verb: impl Strategy<Value = Verb> + 'static) -> BoxedStrategy<Step> {
    (sessions(model), how(), verb).prop_map(|(session, how, verb)| Step::Act { session, how, verb }).boxed()
}

/// A name that is free is taken soon.
fn sign_up(model: &Model) -> (u32, BoxedStrategy<Step>) {
    let free: Vec<usize> = (0..PEOPLE).filter(|name| model.holder(*name).is_none()).collect();
    let (weight, names) = if free.is_empty() { (1, (0..PEOPLE).boxed()) } else { (10, select(free).boxed()) };
    (weight, names.prop_map(|name| Step::SignUp { name }).boxed())
}

fn sign_in(model: &Model) -> BoxedStrategy<Step> {
    let living: Vec<usize> = (0..model.users.len()).filter(|user| model.users[*user].is_there).collect();
    (select(living), how()).prop_map(|(user, how)| Step::SignIn { user, how }).boxed()
}

/// Also on oneself, or on somebody who is gone.
fn act_on_anybody(model: &Model) -> BoxedStrategy<Step> {
    let verb = select(vec![Verb::Follow as VerbOf, Verb::Unfollow]);
    act(model, (0..model.users.len(), verb).prop_map(|(whom, verb)| verb(whom)))
}

/// Whosever it is, and whether it is there or not; also one that never was.
fn act_on_any_line(model: &Model) -> BoxedStrategy<Step> {
    act(model, (0..=model.notified, select(LINE_VERBS.to_vec())).prop_map(|(line, verb)| verb(line)))
}

fn act_on_account(model: &Model) -> BoxedStrategy<Step> {
    let verb = prop_oneof![
        4 => (0..=model.sessions.len()).prop_map(Verb::Revoke),
        2 => Just(Verb::RevokeOthers),
        2 => Just(Verb::SignOut),
        2 => Just(Verb::ChangePassword),
        1 => Just(Verb::DeleteAccount),
    ];
    act(model, verb)
}
