from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CasesConfig(AppConfig):
    name = "cases"
    verbose_name = _("Cases")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Tell the pages about decisions what they need to know of cases, and approvals what may be asked for."""
        from cases import assets, exclusion_list, waivers, write_off
        from cases.decisions import KnowsCases
        from cases.payment_files import uploaded
        from cases.plans import approving as plans
        from cases.settlements import approving as settlements
        from compliance import reach

        reach.register(KnowsCases())
        for each in (assets, exclusion_list, plans, settlements, uploaded, waivers, write_off):
            each.register()
