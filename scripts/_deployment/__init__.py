"""Deploys Provenwork: what stands in `deployments/params/` is checked, rehearsed, sent, read back and written down.

::

    read_parameters  a YAML file as values              knows the file's form
    make_plan        values as steps                    knows the ABIs and the circuits; asks no chain
    propose          what is left of it, and its price  asks the chain; sends nothing
    carry_out        does it, after any interruption    the only part that sends; keeps a journal

Every contract is made by the deterministic deployment proxy, so its address is known before anything is sent, and says that
what stands there was made from exactly this code and these arguments, by whomever.
"""

from scripts._deployment._account import ApeSigner, account_named
from scripts._deployment._artefacts import ApeArtefacts, Artefacts
from scripts._deployment._checks import Check, check_settings
from scripts._deployment._configure import (
    Configuration,
    configure,
    plan_of,
    propose_configuration,
    require_there,
)
from scripts._deployment._deploy import Proposal, carry_out, deploy, propose
from scripts._deployment._errors import DeploymentError
from scripts._deployment._parameters import Parameters, read_parameters
from scripts._deployment._plan import Plan, make_plan
from scripts._deployment._record import Deployment, Placed, PlacedCircuit, read_deployment
from scripts._deployment._refusals import FORCEABLE
from scripts._deployment._roles import Errand, do_errand, propose_errand
from scripts._deployment._sending import Effort
from scripts._deployment._steps import Change, Create, Fact, Step
from scripts._deployment._table import contracts_table

__all__ = [
    "FORCEABLE",
    "ApeArtefacts",
    "ApeSigner",
    "Artefacts",
    "Change",
    "Check",
    "Configuration",
    "Create",
    "Deployment",
    "DeploymentError",
    "Effort",
    "Errand",
    "Fact",
    "Parameters",
    "Placed",
    "PlacedCircuit",
    "Plan",
    "Proposal",
    "Step",
    "account_named",
    "carry_out",
    "check_settings",
    "configure",
    "contracts_table",
    "deploy",
    "do_errand",
    "make_plan",
    "plan_of",
    "propose",
    "propose_configuration",
    "propose_errand",
    "read_deployment",
    "read_parameters",
    "require_there",
]
