from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "portal.kernel"
    label = "portal"
    verbose_name = "Weighbridge"
