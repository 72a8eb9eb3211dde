"""Nodes: the scheduler that picks one for a pod, the kubelet that runs it there, and the node's own conditions.

Belongs here: what kube-scheduler and kubelet do. Does not: what a container's process does (``ContainerRuntime``).
"""
