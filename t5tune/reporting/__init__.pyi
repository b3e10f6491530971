from .comparisons.compared_systems import gather_systems as gather_systems
from .evaluation import evaluate_model as evaluate_model
from .reports.report import Report as Report
from .reports.report_building import build_report as build_report
