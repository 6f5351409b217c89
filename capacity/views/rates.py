"""Rates and staffing: what is in force, its history, and the forms that enter it."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def rates(request: HttpRequest) -> HttpResponse:
    return render(request, "capacity/rates/rates.html", {})
