"""What a program may not write with the models of a portal: every marked line is an error, and no other. Checked, never
run."""

from __future__ import annotations

from crm_models import Contact, Deal, Lead, Oborudovanie, ZayavkiNaRemont

Deal.objects.filter(segmnt="A")  # E: typo
Deal.objects.filter(segment=5)  # E: wrong type
Deal.objects.filter(segment__contians="A")  # E: no such lookup
Deal.objects.filter(region=99)  # E: not among the values
Deal.objects.filter(region__in=[61, 99])  # E: not among the values
Deal.objects.filter(stage_id="C1:WONN")  # E: no such stage
Deal.objects.filter(stage_id__in=["NEW", "C9:NEW"])  # E: no such stage
Deal.objects.filter(predoplata="300|RUB")  # E: text is no money
Deal.objects.filter(data_otgruzki="2026-01-01")  # E: text is no date
Deal.objects.select("segmnt")  # E: typo
Deal.objects.order_by("-segmnt")  # E: typo
Deal.objects.order_by("metki")  # E: lists have no order
Deal.objects.values("segmnt")  # E: typo
Deal.objects.get("5")  # E: an id is a number
Deal.objects.get(segmnt="A")  # E: typo
Deal.segment.in_([5])  # E: wrong element
Deal.region >= "x"  # E: wrong operand
Deal.segmnt == "x"  # E: unknown column
Deal(title="x", region=99)  # E: not among the values
Deal(title="x", stage_id="C1:WONN")  # E: no such stage
Deal(title="x", segmnt="A")  # E: unknown field
Lead.objects.filter(stage_id="WON")  # E: a stage of deals
Contact.objects.filter(segment="A")  # E: a field of deals
ZayavkiNaRemont.objects.filter(stage_id="DT1038_37:NEW")  # E: a stage of another process
Oborudovanie.objects.filter(seriynyy_nomer="x")  # E: a field of another process
Oborudovanie(titel="x")  # E: unknown field

deal = Deal(title="x")
deal.region = 99  # E: not among the values
deal.stage_id = "C1:WONN"  # E: no such stage
deal.dogovor_podpisan = "Y"  # E: text is no flag
deal.produkty = [5]  # E: not among the values
print(deal.segmnt)  # E: unknown field
