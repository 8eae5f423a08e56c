//! The tables as Diesel sees them; `migrations/` says what each column is for.

diesel::table! {
    secrets (name) {
        name -> Text,
        value -> Binary,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        username -> Text,
        password_hash -> Text,
        last_update -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    follows (id) {
        id -> BigInt,
        follower_id -> BigInt,
        followee_id -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    notifications (id) {
        id -> BigInt,
        recipient_id -> BigInt,
        actor_id -> Nullable<BigInt>,
        kind -> Text,
        created_at -> BigInt,
        read_at -> Nullable<BigInt>,
        group_key -> Nullable<Text>,
        stamp -> Nullable<BigInt>,
    }
}

diesel::table! {
    sessions (id) {
        id -> BigInt,
        token_hash -> Binary,
        user_id -> BigInt,
        kind -> Text,
        created_at -> BigInt,
        seen_at -> BigInt,
        idle_expires_at -> BigInt,
        expires_at -> BigInt,
        client -> Nullable<Text>,
    }
}

diesel::table! {
    limited_actions (id) {
        id -> BigInt,
        actor -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    known_networks (id) {
        id -> BigInt,
        user_id -> BigInt,
        network -> Binary,
        seen_at -> BigInt,
    }
}

diesel::table! {
    revocations (user_id) {
        user_id -> BigInt,
        stamp -> BigInt,
    }
}

diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(known_networks -> users (user_id));
diesel::allow_tables_to_appear_in_same_query!(users, follows, notifications, sessions, known_networks);
