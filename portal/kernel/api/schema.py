from drf_spectacular.openapi import AutoSchema


class ConventionSchema(AutoSchema):
    pass
