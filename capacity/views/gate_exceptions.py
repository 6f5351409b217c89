"""Exceptions of a gate: who has a ceiling of their own, until when, and why."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def exceptions(request: HttpRequest, ref: str) -> HttpResponse:
    return render(request, "base.html", {})
