"""Request bodies in Kubernetes' protobuf encoding, which kubectl's typed clients send.

Only bodies are read, never written: every client also accepts JSON. The tables list the messages that kubectl
creates this way, with the field numbers that Kubernetes' published ``generated.proto`` files fix for ever. A field
outside the tables is refused, not ignored.

Belongs here: decoding. Does not: meaning.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from opsrange.kube.status_errors import ApiError, bad_request
from opsrange.types import Json

MEDIA_TYPE = "application/vnd.kubernetes.protobuf"
_MAGIC = b"k8s\x00"
_MAX_DEPTH = 40

# "number name type" per field. Types: s text, i integer, j integer whose zero means absent, b boolean, y bytes, q quantity,
# o integer or string, t time; a message by its name. A prefix "*" repeats, "%" is a map from text.
_TABLES = {
    "Meta": "1 name s,2 generateName s,3 namespace s,4 selfLink s,5 uid s,6 resourceVersion s,7 generation j,"
    "8 creationTimestamp t,9 deletionTimestamp t,10 deletionGracePeriodSeconds i,11 labels %s,12 annotations %s,"
    "13 ownerReferences *Owner,14 finalizers *s",
    "Owner": "1 kind s,3 name s,4 uid s,5 apiVersion s,6 controller b,7 blockOwnerDeletion b",
    "Selector": "1 matchLabels %s,2 matchExpressions *Expression",
    "Expression": "1 key s,2 operator s,3 values *s",
    "ConfigMap": "1 metadata Meta,2 data %s,3 binaryData %y,4 immutable b",
    "Secret": "1 metadata Meta,2 data %y,3 type s,4 stringData %s,5 immutable b",
    "Namespace": "1 metadata Meta,2 spec Empty,3 status Empty",
    "Empty": "",
    "ServiceAccount": "1 metadata Meta",
    "ResourceQuota": "1 metadata Meta,2 spec QuotaSpec,3 status Empty",
    "QuotaSpec": "1 hard %q,2 scopes *s",
    "Service": "1 metadata Meta,2 spec ServiceSpec,3 status ServiceStatus",
    "ServiceStatus": "1 loadBalancer Empty",
    "ServiceSpec": "1 ports *ServicePort,2 selector %s,3 clusterIP s,4 type s,5 externalIPs *s,7 sessionAffinity s,"
    "8 loadBalancerIP s,9 loadBalancerSourceRanges *s,10 externalName s,11 externalTrafficPolicy s,"
    "12 healthCheckNodePort j,13 publishNotReadyAddresses b,18 clusterIPs *s",
    "ServicePort": "1 name s,2 protocol s,3 port i,4 targetPort o,5 nodePort j,6 appProtocol s",
    "Deployment": "1 metadata Meta,2 spec DeploymentSpec,3 status Empty",
    "DeploymentSpec": "1 replicas i,2 selector Selector,3 template Template,4 strategy Strategy,5 minReadySeconds j,"
    "6 revisionHistoryLimit i,7 paused b,9 progressDeadlineSeconds i",
    "Strategy": "1 type s,2 rollingUpdate Rolling",
    "Rolling": "1 maxUnavailable o,2 maxSurge o",
    "Template": "1 metadata Meta,2 spec PodSpec",
    "Pod": "1 metadata Meta,2 spec PodSpec,3 status Empty",
    "PodSpec": "1 volumes *Volume,2 containers *Container,3 restartPolicy s,4 terminationGracePeriodSeconds i,"
    "5 activeDeadlineSeconds i,6 dnsPolicy s,7 nodeSelector %s,8 serviceAccountName s,9 serviceAccount s,"
    "10 nodeName s,11 hostNetwork b,12 hostPID b,13 hostIPC b,14 securityContext Empty,16 hostname s,17 subdomain s,"
    "19 schedulerName s,20 initContainers *Container,21 automountServiceAccountToken b,22 tolerations *Toleration,24 priorityClassName s",
    "Container": "1 name s,2 image s,3 command *s,4 args *s,5 workingDir s,6 ports *Port,7 env *Env,"
    "8 resources Resources,9 volumeMounts *Mount,13 terminationMessagePath s,14 imagePullPolicy s,16 stdin b,"
    "17 stdinOnce b,18 tty b,20 terminationMessagePolicy s",
    "Port": "1 name s,2 hostPort j,3 containerPort i,4 protocol s,5 hostIP s",
    "Env": "1 name s,2 value s,3 valueFrom EnvSource",
    "EnvSource": "1 fieldRef FieldRef,3 configMapKeyRef KeyRef,4 secretKeyRef KeyRef",
    "FieldRef": "1 apiVersion s,2 fieldPath s",
    "KeyRef": "1 . NameRef,2 key s,3 optional b",
    "NameRef": "1 name s",
    "Resources": "1 limits %q,2 requests %q",
    "Mount": "1 name s,2 readOnly b,3 mountPath s,4 subPath s",
    "Volume": "1 name s,2 . VolumeSource",
    "Toleration": "1 key s,2 operator s,3 value s,4 effect s,5 tolerationSeconds i",
    "VolumeSource": "1 hostPath HostPath,2 emptyDir EmptyDir,6 secret SecretVolume,19 configMap ConfigMapVolume",
    "HostPath": "1 path s,2 type s",
    "EmptyDir": "1 medium s",
    "SecretVolume": "1 secretName s,3 defaultMode i,4 optional b",
    "ConfigMapVolume": "1 . NameRef,3 defaultMode i,4 optional b",
    "Job": "1 metadata Meta,2 spec JobSpec,3 status Empty",
    "JobSpec": "1 parallelism i,2 completions i,3 activeDeadlineSeconds i,4 selector Selector,5 manualSelector b,"
    "6 template Template,7 backoffLimit i,8 ttlSecondsAfterFinished i,9 completionMode s,10 suspend b",
    "CronJob": "1 metadata Meta,2 spec CronJobSpec,3 status Empty",
    "CronJobSpec": "1 schedule s,2 startingDeadlineSeconds i,3 concurrencyPolicy s,4 suspend b,5 jobTemplate JobTemplate,"
    "6 successfulJobsHistoryLimit i,7 failedJobsHistoryLimit i",
    "JobTemplate": "1 metadata Meta,2 spec JobSpec",
    "Role": "1 metadata Meta,2 rules *PolicyRule",
    "PolicyRule": "1 verbs *s,2 apiGroups *s,3 resources *s,4 resourceNames *s,5 nonResourceURLs *s",
    "RoleBinding": "1 metadata Meta,2 subjects *Subject,3 roleRef RoleRef",
    "Subject": "1 kind s,2 apiGroup s,3 name s,4 namespace s",
    "RoleRef": "1 apiGroup s,2 kind s,3 name s",
    "PodDisruptionBudget": "1 metadata Meta,2 spec BudgetSpec,3 status Budget",
    "BudgetSpec": "1 minAvailable o,2 selector Selector,3 maxUnavailable o",
    "Budget": "3 disruptionsAllowed j,4 currentHealthy j,5 desiredHealthy j,6 expectedPods j",
    "HorizontalPodAutoscaler": "1 metadata Meta,2 spec AutoscalerSpec,3 status Empty",
    "AutoscalerSpec": "1 scaleTargetRef Target,2 minReplicas i,3 maxReplicas i,4 metrics *Metric",
    "Target": "1 kind s,2 name s,3 apiVersion s",
    "Metric": "1 type s,4 resource ResourceMetric",
    "ResourceMetric": "1 name s,2 target MetricTarget",
    "MetricTarget": "1 type s,2 value q,3 averageValue q,4 averageUtilization i",
    "Ingress": "1 metadata Meta,2 spec IngressSpec,3 status IngressStatus",
    "IngressStatus": "1 loadBalancer Empty",
    "IngressSpec": "1 defaultBackend Backend,2 tls *Tls,3 rules *IngressRule,4 ingressClassName s",
    "Backend": "4 service BackendService",
    "BackendService": "1 name s,2 port BackendPort",
    "BackendPort": "1 name s,2 number j",
    "Tls": "1 hosts *s,2 secretName s",
    "IngressRule": "1 host s,2 . RuleValue",
    "RuleValue": "1 http Http",
    "Http": "1 paths *HttpPath",
    "HttpPath": "1 path s,2 backend Backend,3 pathType s",
    "Eviction": "1 metadata Meta,2 deleteOptions DeleteOptions",
    "DeleteOptions": "1 gracePeriodSeconds i,2 preconditions Preconditions,3 orphanDependents b,4 propagationPolicy s,"
    "5 dryRun *s",
    "Preconditions": "1 uid s,2 resourceVersion s",
    "SelfSubjectAccessReview": "1 metadata Meta,2 spec AccessSpec,3 status AccessStatus",
    "AccessSpec": "1 resourceAttributes Attributes,2 nonResourceAttributes PathAttributes",
    "Attributes": "1 namespace s,2 verb s,3 group s,4 version s,5 resource s,6 subresource s,7 name s",
    "PathAttributes": "1 path s,2 verb s",
    "AccessStatus": "1 allowed b,2 reason s,3 evaluationError s,4 denied b",
    "SelfSubjectRulesReview": "1 metadata Meta,2 spec RulesSpec,3 status RulesStatus",
    "RulesSpec": "1 namespace s",
    "RulesStatus": "3 incomplete b,4 evaluationError s",
    "SelfSubjectReview": "1 metadata Meta,2 status ReviewStatus",
    "ReviewStatus": "1 userInfo UserInfo",
    "UserInfo": "1 username s,2 uid s",
}
_ROOTS = frozenset(
    ["DeleteOptions", *(name for name, table in _TABLES.items() if table.startswith("1 metadata "))]
)
"""Messages that may be a whole body."""


def _fields(table: str) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for field in table.split(",") if table else ():
        number, name, shape = field.split(" ")
        found[int(number)] = (name, shape)
    return found


_MESSAGES = {name: _fields(table) for name, table in _TABLES.items()}


class _MalformedError(Exception):
    """The bytes are not protobuf."""


def decode(body: bytes) -> Json:
    """The object in a protobuf body, as JSON.

    Raises:
        ApiError: 400 when the bytes are broken, 415 when they hold something the tables do not know.
    """
    if not body.startswith(_MAGIC):
        raise bad_request(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
        )
    try:
        envelope = {number: value for number, _, value in _walk(body[len(_MAGIC) :])}
        named = {number: value for number, _, value in _walk(_bytes(envelope.get(1, b"")))}
        api_version, kind = _bytes(named.get(1, b"")).decode(), _bytes(named.get(2, b"")).decode()
        if kind not in _ROOTS:
            raise _unread(kind or "object")
        content = _message(_bytes(envelope.get(2, b"")), kind, 0)
    except (_MalformedError, UnicodeDecodeError) as error:
        raise bad_request("unable to decode protobuf body") from error
    return {"apiVersion": api_version, "kind": kind, **content}


def _unread(what: str) -> ApiError:
    return ApiError(
        415,
        "UnsupportedMediaType",
        f"the body of the request was in an unknown format - {what} is accepted as: application/json, application/yaml",
    )


def _bytes(value: int | bytes) -> bytes:
    if isinstance(value, int):
        raise _MalformedError
    return value


def _walk(body: bytes) -> Iterator[tuple[int, int, int | bytes]]:
    """Fields of a message: number, wire type, value."""
    position = 0
    while position < len(body):
        tag, position = _varint(body, position)
        number, wire = tag >> 3, tag & 7
        value: int | bytes
        if wire == 0:
            value, position = _varint(body, position)
        elif wire in (1, 2, 5):
            length = {1: 8, 5: 4}.get(wire, 0)
            if wire == 2:
                length, position = _varint(body, position)
            if position + length > len(body):
                raise _MalformedError
            value = body[position : position + length]
            position += length
        else:
            raise _MalformedError
        yield number, wire, value


def _varint(body: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if position >= len(body) or shift > 63:
            raise _MalformedError
        byte = body[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, position
        shift += 7


def _message(body: bytes, name: str, depth: int) -> Json:
    if depth > _MAX_DEPTH:
        raise _MalformedError
    fields = _MESSAGES[name]
    found: Json = {}
    for number, _, value in _walk(body):
        field, shape = fields.get(number, ("", ""))
        if not field:
            if value in (0, b""):
                continue
            raise _unread(f"{name} with field {number}")
        if shape[0] == "*":
            found.setdefault(field, []).append(_value(value, shape[1:], depth))
        elif shape[0] == "%":
            parts = {at: part for at, _, part in _walk(_bytes(value))}
            key = _bytes(parts.get(1, b"")).decode()
            found.setdefault(field, {})[key] = _value(parts.get(2, b""), shape[1:], depth)
        elif field == ".":
            found.update(_message(_bytes(value), shape, depth + 1))
        else:
            decoded = _value(value, shape, depth)
            absent = decoded == "" or (decoded == 0 and shape == "j") or shape == "t"
            if not absent and decoded is not False:
                found[field] = decoded
    return found


def _value(value: int | bytes, shape: str, depth: int) -> object:
    match shape:
        case "i" | "j":
            if not isinstance(value, int):
                raise _MalformedError
            return value - (1 << 64) if value >> 63 else value
        case "b":
            return bool(value)
        case "s":
            return _bytes(value).decode()
        case "t":
            return None
        case "y":
            return base64.b64encode(_bytes(value)).decode()
        case "q":
            inner = {number: part for number, _, part in _walk(_bytes(value))}
            return _bytes(inner.get(1, b"")).decode()
        case "o":
            inner = {number: part for number, _, part in _walk(_bytes(value))}
            return _bytes(inner.get(3, b"")).decode() if inner.get(1) else inner.get(2, 0)
    return _message(_bytes(value), shape, depth + 1)
