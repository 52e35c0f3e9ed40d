"""What is to be done about what a check found?"""

from __future__ import annotations

from collections.abc import Iterable

from synthema_lab.dictionary.findings import Finding

REMEDIES = {
    "empty_table": "Check how the file was made; it has column names and no patient.",
    "missing_column": "Add the column, or rename the one that holds it.",
    "unknown_column": "Rename or drop columns that the dictionary does not have.",
    "repeated_column": "Keep one of the columns.",
    "not_a_number": "Write numbers only; leave a cell empty where nothing is known.",
    "date_for_a_number": "Turn dates into days since diagnosis before they leave the hospital.",
    "decimal_comma": "Write decimals with a point, as in 7.9.",
    "not_zero_or_one": "Write 1 for yes and 0 for no; leave a cell empty where nothing is known.",
    "not_an_integer": "Write whole numbers, or look whether the unit is another one.",
    "outside_limits": "Look these rows up in the source: such values cannot be.",
    "outside_plausible": "Look these rows up in the source; where they are true, keep them.",
    "unit_mixed_up": "Convert the rows named, and ask the laboratory which unit it reports.",
    "swapped_columns": "Exchange the two columns, and look at how the export names them.",
    "codes_of_another": "Look at how the export names this column.",
    "in_the_future": "Look the dates up in the source.",
    "before_diagnosis": "Look up the date of diagnosis and the date of the event.",
    "unknown_category": "Map the texts to the dictionary's codes.",
    "all_missing": "Drop the column, or look why the export left it empty.",
    "missing_value": "Complete the rows, or leave them out.",
    "duplicate_patient": "Keep one row a patient.",
    "repeated_row": "Look whether it is one patient under two pseudonyms.",
    "direct_identifier": "Drop the column or replace it by a pseudonym: synthema deidentify.",
    "derived_disagrees": "Drop the column; it is computed from the others.",
    "patient_at_two_sites": "Keep each patient at one site.",
    "record_at_two_sites": "Look whether the sites share a patient under two pseudonyms.",
    "no_pseudonym": "Add the column with the pseudonym.",
}
OF_A_RULE = "Find out whether the rule or the row is wrong before changing either."


def remedies(findings: Iterable[Finding]) -> tuple[str, ...]:
    """What to do next, each advice once, in the order of the findings.

    Examples
    --------
    >>> remedies([Finding("decimal_comma", "error", "hb_gdl", (2,), 1, "...")])
    ('Write decimals with a point, as in 7.9.',)
    """
    advice = (REMEDIES.get(finding.rule, OF_A_RULE) for finding in findings)
    return tuple(dict.fromkeys(advice))
