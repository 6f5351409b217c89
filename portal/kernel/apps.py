from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class KernelConfig(AppConfig):
    name = "portal.kernel"
    label = "portal"
    verbose_name = "Weighbridge"


class AdminOfTheHouse(AdminConfig):
    default_site = "portal.kernel.admin_site.HouseAdminSite"
