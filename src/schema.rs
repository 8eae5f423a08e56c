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
        notify -> Bool,
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
        post_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    posts (id) {
        id -> BigInt,
        author_id -> BigInt,
        text -> Text,
        url -> Nullable<Text>,
        direct -> Bool,
        collapse -> Nullable<Text>,
        created_at -> BigInt,
        deleted_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    latest_posts (author_id) {
        author_id -> BigInt,
        post_id -> BigInt,
    }
}

diesel::table! {
    post_recipients (post_id, user_id) {
        post_id -> BigInt,
        user_id -> BigInt,
    }
}

diesel::table! {
    deliveries (post_id) {
        post_id -> BigInt,
        removing -> Bool,
        done_to -> BigInt,
        touched_at -> BigInt,
        created_at -> BigInt,
    }
}

diesel::table! {
    idempotency_keys (author_id, key) {
        author_id -> BigInt,
        key -> Text,
        body_hash -> Binary,
        answer -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    tokens (id) {
        id -> BigInt,
        user_id -> BigInt,
        name -> Text,
        scope -> Text,
        token_hash -> Binary,
        created_at -> BigInt,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    feed_addresses (id) {
        id -> BigInt,
        user_id -> BigInt,
        feed -> Text,
        created_at -> BigInt,
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
diesel::joinable!(tokens -> users (user_id));
diesel::joinable!(feed_addresses -> users (user_id));
diesel::joinable!(posts -> users (author_id));
diesel::joinable!(post_recipients -> users (user_id));
diesel::joinable!(post_recipients -> posts (post_id));
diesel::joinable!(notifications -> posts (post_id));
diesel::joinable!(deliveries -> posts (post_id));
diesel::allow_tables_to_appear_in_same_query!(
    users,
    follows,
    notifications,
    sessions,
    known_networks,
    posts,
    latest_posts,
    post_recipients,
    deliveries,
    idempotency_keys,
    tokens,
    feed_addresses,
);
