//! A post that is sent as a form.

use percent_encoding::percent_decode_str;

use crate::domain::draft::Draft;
use crate::error::AppError;

/// The fields of a form; or, if none of them is `text`, the whole as the text, character for character: `curl -d "50% & more"` sends that, and
/// calls it a form.
pub fn read(body: &str) -> Result<Draft, AppError> {
    if !body.split('&').any(|pair| pair.starts_with("text=")) {
        return Ok(Draft { text: body.to_owned(), ..Draft::default() });
    }
    if percent_decode_str(body).decode_utf8().is_err() {
        return Err(AppError::unprocessable("The form must be UTF-8, also what is percent-encoded in it."));
    }
    let mut draft = Draft::default();
    for (name, value) in form_urlencoded::parse(body.as_bytes()) {
        match &*name {
            "text" => draft.text = value.into_owned(),
            "title" => draft.title = Some(value.into_owned()),
            "url" => draft.url = Some(value.into_owned()),
            "to" => draft.to.get_or_insert_default().extend(names(&value)),
            "quiet" => draft.quiet = is_on(&value)?,
            "collapse" => draft.collapse = Some(value.into_owned()),
            _ => {}
        }
    }
    Ok(draft)
}

/// Several may stand in one field, separated by commas or spaces.
fn names(value: &str) -> impl Iterator<Item = String> {
    value.split([',', ' ']).filter(|name| !name.is_empty()).map(str::to_owned)
}

fn is_on(value: &str) -> Result<bool, AppError> {
    match value {
        "1" | "true" | "on" => Ok(true),
        "0" | "false" | "off" | "" => Ok(false),
        _ => Err(AppError::unprocessable("quiet must be true or false.")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str) -> String {
        read(body).unwrap().text
    }

    #[test]
    fn without_a_field_text_it_is_the_text() {
        for whole in ["Backup done", "50% & more + ok", "a=b&c=d", "100%25", "text", "my text=x", "context=1", "", "%ff", "to=bob"] {
            assert_eq!(text(whole), whole);
        }
    }

    #[test]
    fn with_one_it_is_a_form() {
        assert_eq!(text("text=50%25+%26+more+%2B+ok&x=y"), "50% & more + ok");
        assert_eq!(text("a=b&text=caf%C3%A9%0D%0Aé"), "café\r\né");
        let draft = read("text=x&title=T&url=u&to=bob%2C+@Cleo&to=dora&quiet=true&collapse=c").unwrap();
        assert_eq!((draft.title.as_deref(), draft.url.as_deref(), draft.quiet, draft.collapse.as_deref()), (Some("T"), Some("u"), true, Some("c")));
        assert_eq!(draft.to.unwrap(), ["bob", "@Cleo", "dora"]);
        assert_eq!(read("text=x&to=").unwrap().to, Some(vec![]), "which is refused, and never public");
        assert!(read("text=caf%E9").is_err() && read("text=x&quiet=maybe").is_err());
    }
}
