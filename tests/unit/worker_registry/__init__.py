"""WorkerRegistry: who may work."""
