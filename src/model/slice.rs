//! Keyset pagination: one page of a list.

/// One page of a list, and the cursor of the next.
#[derive(Debug, Clone)]
pub struct Slice<T, C> {
    /// The rows of this page.
    pub rows: Vec<T>,
    /// The cursor that brings the next page; `None` on the last.
    pub next: Option<C>,
}

impl<T, C> Slice<T, C> {
    /// A page of `limit` rows, cut from rows that were asked for as `limit + 1`: so there is a next page only if there is something on it.
    pub(super) fn cut(mut rows: Vec<T>, limit: i64, cursor: impl Fn(&T) -> C) -> Self {
        let limit = usize::try_from(limit).unwrap_or(0);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more { rows.last().map(cursor) } else { None };
        Slice { rows, next }
    }
}
