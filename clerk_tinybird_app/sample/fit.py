"""Whether made-up rows fit the data source that they go to, by its columns alone."""

from collections.abc import Mapping

from clerk_tinybird_app.sample.vocabulary import Sample
from clerk_tinybird_app.tinybird.nearest import did_you_mean
from clerk_tinybird_app.tinybird.project import DataSource


def project_misfit(
    sample: Sample, tenant_column: str, datasources: Mapping[str, DataSource]
) -> str:
    """Return why a sample does not fit a project, "" when it does.

    Args:
        sample: The product's.
        tenant_column: The column that says whose a row is.
        datasources: The project's, by name.
    """
    source = datasources.get(sample.source)
    if source is None:
        hint = did_you_mean(sample.source, datasources)
        return f"The project has no data source '{sample.source}'.{hint}"
    columns = {each.name: bool(each.default) or each.is_nullable for each in source.columns}
    return misfit(sample, tenant_column, columns)


def misfit(sample: Sample, tenant_column: str, columns: Mapping[str, bool]) -> str:
    """Return why a sample does not fit its data source, "" when it does.

    Args:
        sample: The product's.
        tenant_column: The column that says whose a row is.
        columns: Column of the data source -> whether a row may leave it out.
    """
    given, source = sample.names(tenant_column), f"the data source '{sample.source}'"
    for name in given:
        if name not in columns:
            return f"{source} has no column '{name}'.{did_you_mean(name, columns)}"
    for name, is_optional in columns.items():
        if not is_optional and name not in given:
            return f"{source} also needs the column '{name}'; add it to SAMPLE."
    return ""
