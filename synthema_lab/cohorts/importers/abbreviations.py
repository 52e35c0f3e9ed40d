"""What do clinics and laboratories call the variables of a dictionary?

English, German, French, Italian and Spanish, without accents and in lower case;
``bezeichnung patient`` matches whatever stands between the words. The names are
common usage (recalled), and only ever propose.
"""

from __future__ import annotations

import re
import unicodedata

WORDS = {
    "patient_id": "id, pid, pdid, patid, pat id, record id, patient, patient id, patient no, "
    "patientid, subject, subject id, pseudonym, usubjid, patienten id, fallnummer, identifiant, "
    "paziente, paciente",
    "centre_id": "centre, center, site, site id, hospital, clinic, zentrum, klinik, hopital, "
    "centro, ospedale, redcap data access group, institution",
    "country": "land, pays, paese, pais, nation",
    "age_years": "age, alter, eta, edad, age at diagnosis, age at visit, alter bei diagnose, aod, "
    "age dx",
    "sex": "gender, geschlecht, sexe, sesso, sexo, genere, sex at birth",
    "birth_year": "year of birth, yob, geburtsjahr, annee naissance, anno nascita",
    "dx_year": "year of diagnosis, diagnosejahr, diagnosis year, annee diagnostic",
    "hb_gdl": "hb, hgb, haemoglobin, hemoglobin, hamoglobin, hemoglobine, emoglobina, hemoglobina",
    "wbc_gl": "wbc, leuko, leukos, leukozyten, leucocytes, leukocytes, leucociti, leucocitos, gb, "
    "white cells, white blood cells, white cell count",
    "plt_gl": "plt, platelet, platelets, thrombo, thrombos, thrombozyten, plaquettes, piastrine, "
    "plaquetas, plq, platelet count",
    "anc_gl": "anc, neutro, neutrophils, neutrophile, pnn, neutrofili, neutrofilos",
    "ldh_ul": "ldh, lactate dehydrogenase, laktatdehydrogenase",
    "creat_mgdl": "creat, crea, creatinine, kreatinin, creatinina, krea, scr, serum creatinine",
    "albumin_gl": "alb, albumin, albumine, albumina",
    "fibrinogen_gl": "fibrinogen, fibrinogene, fibrinogeno, fbg",
    "bm_blasts_pct": "bm blasts, marrow blasts, blasts bm, blasten km, km blasten, kmblasten, "
    "blastes moelle, blasti midollari",
    "pb_blasts_pct": "pb blasts, blood blasts, blasts pb, blasten pb, blasten blut, periphere "
    "blasten, blastes sang",
    "ecog": "ecog, ecog ps, performance status, performance ecog, who ps",
    "splenomegaly": "splenomegalie, milzvergrosserung, splenomegalia, enlarged spleen",
    "aml_type": "type aml, ontogeny, aml typ, amltype, typeaml",
    "fab": "fab type, fab klassifikation, fab subtype",
    "karyotype_iscn": "karyotype, karyotyp, caryotype, cariotipo, iscn",
    "complex_kt": "complex, complex karyotype, komplexer karyotyp",
    "normal_karyotype": "nk, normal karyotype",
    "inv16": "inv16 t16 16, inv 16, cbfb myh11",
    "inv3": "inv3 t3 3, inv 3",
    "t_8_21": "t8 21, runx1 runx1t1",
    "t_15_17": "t15 17, pml rara",
    "t_9_11": "t9 11",
    "t_6_9": "t6 9",
    "t_9_22": "t9 22, bcr abl, bcr abl1",
    "plus8": "plus8 8q, trisomy 8",
    "minus7": "mono7, monosomy 7",
    "del5q_minus5": "minus5 5q, del5q",
    "abn17p": "mono17 17p abn17p, del17p",
    "mut_FLT3_ITD": "flt3itd, itd, flt3 itd status",
    "mut_FLT3_TKD": "flt3tkd, tkd",
    "flt3_itd_ar": "itd ratio, allelic ratio, flt3 ratio, flt3 itd ratio, flt3 allelic ratio",
    "response_induction": "response, response to induction, ansprechen, remission, reponse, "
    "best response",
    "cr1_day": "time to cr, days to cr, cr day, cr date, date of cr",
    "relapse_day": "time to relapse, days to relapse, relapse, rezidiv, recurrence date, rechute",
    "hct": "hsct, sct, transplant, transplantation, allo sct, bmt",
    "hct_day": "time to hsct, days to transplant, transplant date, tpl date, time to hct",
    "treatment_line1": "treatment, therapy, regimen, induction, therapie, traitement, induction "
    "regimen, first line",
    "os_days": "os, overall survival, os time, ostime, survival time, follow up, fu days, last "
    "contact, last contact date, last follow up, date of last contact, letzter kontakt, "
    "uberlebenszeit, survie globale, time to death",
    "os_event": "status, status os, os status, dead, death, died, vital status, tod, verstorben, "
    "deces, exitus, muerto, decesso, osstat",
    "efs_days": "efs, efs time, event free survival, time to efs",
    "efs_event": "efs status, status efs, efsstat",
    "rfs_days": "rfs, rfs time, relapse free survival, time to rfs, dfs",
    "rfs_event": "rfs status, status rfs, rfsstat",
    "genotype": "hb type, hb genotype, scd genotype, genotyp, haemoglobin type, genotipo, "
    "phenotype",
    "age_dx_years": "age at diagnosis, age diagnosis, age dx",
    "height_cm": "height, grosse, korpergrosse, taille, altezza, talla, estatura",
    "weight_kg": "weight, gewicht, poids, peso",
    "spo2_pct": "spo2, sao2, oxygen saturation, sattigung, saturation, saturazione",
    "sbp_mmhg": "sbp, systolic, systolic bp, rr sys, pas",
    "dbp_mmhg": "dbp, diastolic, diastolic bp, rr dia, pad",
    "hct_pct": "haematocrit, hematocrit, hkt, hamatokrit, hematocrite, ematocrito, hematocrito",
    "rbc_tl": "rbc, erythrozyten, ery, erys, red cells, gr, globuli rossi, hematies",
    "mcv_fl": "mcv, vgm, vcm",
    "mchc_gdl": "mchc, ccmh",
    "rdw_pct": "rdw",
    "retic_pct": "retic, reticulocytes, retikulozyten, reti, reticulocitos, reticolociti",
    "hbf_pct": "hbf, fetal haemoglobin, hb f, foetal hemoglobin",
    "hbs_pct": "hbs, hb s",
    "hba2_pct": "hba2, hb a2",
    "bili_tot_mgdl": "bili, bilirubin, bilirubine, bilirubina, total bilirubin, bili tot, tbil",
    "bili_dir_mgdl": "direct bilirubin, conjugated bilirubin, bili dir, dbil",
    "ast_ul": "ast, got, asat, sgot",
    "alt_ul": "alt, gpt, alat, sgpt",
    "ferritin_ngml": "ferritin, ferritine, ferritina",
    "crp_mgl": "crp, c reactive protein, pcr",
    "ntprobnp_pgml": "ntprobnp, nt probnp, bnp",
    "uacr_mgg": "uacr, acr, albumin creatinine ratio",
    "tcd_tammv_cms": "tcd, tammv, tamx, tcd velocity, doppler",
    "trv_ms": "trv, trj, tr velocity",
    "voc_12m": "voc, crises, pain crises, voc last year, vaso occlusive crises, cvo, schmerzkrisen",
    "acs_12m": "acs last year, acs 12 months",
    "acs_ever": "acs, acute chest syndrome",
    "stroke_ever": "stroke, schlaganfall, avc, ictus",
    "avn_ever": "avn, avascular necrosis, osteonecrosis",
    "hu_current": "hu, hydroxyurea, hydroxycarbamide, hydroxycarbamid, hydroxyuree",
    "fu_years": "follow up years, follow up",
    "vital_status": "died, dead, death, vital status",
    "hsct_ever": "hsct, transplant, bmt",
}
DATES = {
    "birth": "birth, birth date, date of birth, dob, geburtsdatum, geburt, date naissance, "
    "data nascita, fecha nacimiento",
    "diagnosis": "diagnosis date, date of diagnosis, dx date, dod, diagnosedatum, "
    "erstdiagnose, date diagnostic, er date, fecha diagnostico, data diagnosi",
    "visit": "visit date, date of visit, baseline date, visite, besuchsdatum, date visite",
}
UNITS = {
    "g l": "g/L", "gl": "g/L", "g dl": "g/dL", "gdl": "g/dL", "mmol l": "mmol/L",
    "mmoll": "mmol/L", "umol l": "umol/L", "umoll": "umol/L", "umol": "umol/L", "mg dl": "mg/dL",
    "mgdl": "mg/dL", "ug l": "ug/L", "ng ml": "ng/mL", "u l": "U/L", "ukat l": "ukat/L",
    "mg l": "mg/L", "cm": "cm", "m": "m", "kg": "kg", "pct": "%", "percent": "%", "months": "mo",
    "years": "a", "days": "d", "nl": "10*9/L", "cm s": "cm/s", "m s": "m/s",
}  # fmt: skip
"""Units as they end a column's name."""


def folded(name: str) -> str:
    """A name in lower case, without accents, its words parted by one space.

    Examples
    --------
    >>> folded("Hb_g/L"), folded("Âge"), folded("leukoCount")
    ('hb g l', 'age', 'leuko count')
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", name)
    plain = unicodedata.normalize("NFKD", parted).encode("ascii", "ignore").decode()
    return " ".join(re.findall(r"[a-z0-9]+", plain.lower()))


def names_of(variable: str, label: str) -> tuple[str, ...]:
    """Every folded name that a variable goes by, its own first.

    Examples
    --------
    >>> names_of("hb_gdl", "Haemoglobin")[:3]
    ('hb gdl', 'haemoglobin', 'hb')
    """
    bare = variable.removeprefix("mut_") if variable.startswith("mut_") else variable
    words = WORDS.get(variable, "").split(",")
    return tuple(
        dict.fromkeys(name for name in map(folded, (variable, label, bare, *words)) if name)
    )


def without_unit(name: str) -> tuple[str, str | None]:
    """A folded name without a unit at its end, and that unit.

    Examples
    --------
    >>> without_unit("hb g l"), without_unit("ldh")
    (('hb', 'g/L'), ('ldh', None))
    """
    words = name.split()
    for length in (2, 1):
        unit = UNITS.get(" ".join(words[-length:])) if len(words) > length else None
        if unit is not None:
            return " ".join(words[:-length]), unit
    return name, None
