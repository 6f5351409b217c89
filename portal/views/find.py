"""Find: the palette's answers, the same as a page, and a reference in the address."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from portal.kernel.pages import joints

LONGEST = 100
IN_PALETTE = 8
ON_PAGE = 50


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    # A NUL cannot be searched for: no text in the database holds one.
    words = request.GET.get("q", "").replace("\x00", "")[:LONGEST].strip()
    in_palette = bool(getattr(request, "htmx", False))
    most = IN_PALETTE if in_palette else ON_PAGE
    found = joints.find(request.user, words, most) if words else []
    if in_palette:
        context = {"found": found, "words": words}
        return render(request, "portal/_found.html", context)
    if found and found[0].exact:
        return redirect(found[0].link)
    return render(request, "portal/find.html", {"found": found, "words": words})


@require_safe
def go_to_reference(request: HttpRequest, ref: str) -> HttpResponse:
    """/W-04 opens W-04, whichever part it belongs to."""
    for found in joints.find(request.user, ref.upper(), 1):
        if found.exact:
            return redirect(found.link)
    raise Http404
