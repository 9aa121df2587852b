"""Pages of signing in and out. The provider does the asking; here is only the way there and back."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import StratusError, Unavailable
from app.identity import entry, optional_person
from app.identity.claims import SignInRefused
from app.identity.guard import public
from app.identity.parts import parts
from app.identity.paths import safe_next

blueprint = Blueprint("auth", __name__)


@blueprint.get("/sign-in")
@public
def sign_in() -> ResponseReturnValue:
    """Go to the provider, unless somebody is signed in already."""
    going_to = safe_next(request.args.get("next"))
    if optional_person() is not None:
        return redirect(going_to)
    return parts().provider.begin(going_to)


@blueprint.get("/sign-in/callback")
@public
def callback() -> ResponseReturnValue:
    """Come back from the provider, signed in or with a sentence that says why not."""
    try:
        arrival = parts().provider.finish()
    except SignInRefused as error:
        # Of several tabs that signed in at the same time, one is the first and the others have nothing left to do.
        if optional_person() is not None:
            return redirect("/")
        entry.refused(error.message)
        raise
    entry.sign_in(arrival)
    return redirect(arrival.next)


@blueprint.post("/sign-out")
@public
def sign_out() -> ResponseReturnValue:
    """End the session here, then at the provider where it has a place for that."""
    id_token = entry.sign_out()
    back = parts().settings.public_url.rstrip("/") + url_for("auth.signed_out")
    return redirect(parts().provider.sign_out_url(id_token, back) or back)


@blueprint.get("/signed-out")
@public
def signed_out() -> ResponseReturnValue:
    """Where people land after signing out."""
    return render_template("auth/signed_out.html")


@blueprint.errorhandler(SignInRefused)
@blueprint.errorhandler(Unavailable)
def refused(error: StratusError) -> ResponseReturnValue:
    """A sign-in that did not come to pass: the sentence, and the way to try again."""
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    return render_template("auth/refused.html", error=error), error.status, headers
