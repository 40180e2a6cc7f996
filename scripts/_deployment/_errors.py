"""What a deployment refuses to do."""

from provenwork.core.errors import ProvenworkError

__all__ = ["DeploymentError"]


class DeploymentError(ProvenworkError):
    """Parameters that cannot be deployed, or a chain that is not as it should be. One line, and a hint at what to do."""
