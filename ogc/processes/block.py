# SPDX-License-Identifier: Apache-2.0
"""Processes as a building block: conformance classes and operations."""

from __future__ import annotations

from ogc.common.blocks import Block, Document, answer, link, operation, ref, refusals

_NAMES = {"jobType": "type", "created": "datetime"}
"""Parameters whose names in the components differ, because others have them."""
_TAG = "Processes"
_CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/ogc-process-description",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/job-list",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/dismiss",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/callback",
)
_FORMS = ("application/json", "text/html")
_KEY: list[Document] = [{"apiKey": []}, {"bearer": []}]
_PARAMETERS: dict[str, Document] = {
    "processID": {
        "name": "processID",
        "in": "path",
        "required": True,
        "description": "Id of a process.",
        "schema": {"type": "string"},
    },
    "jobID": {
        "name": "jobID",
        "in": "path",
        "required": True,
        "description": "Id of a job.",
        "schema": {"type": "string"},
    },
    "outputID": {
        "name": "outputID",
        "in": "path",
        "required": True,
        "description": "Name of an output.",
        "schema": {"type": "string"},
    },
    "idempotency": {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same key again gives the same job.",
        "schema": {"type": "string"},
    },
    "limit": {
        "name": "limit",
        "in": "query",
        "required": False,
        "description": "Most jobs of a page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 20},
    },
    "processLimit": {
        "name": "limit",
        "in": "query",
        "required": False,
        "description": "Most processes of a page.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 100},
    },
    "token": {
        "name": "token",
        "in": "query",
        "required": False,
        "description": "Of the link to the next page.",
        "schema": {"type": "string"},
    },
    "offset": {
        "name": "offset",
        "in": "query",
        "required": False,
        "description": "Jobs to leave out.",
        "schema": {"type": "integer", "minimum": 0, "default": 0},
    },
    "status": {
        "name": "status",
        "in": "query",
        "required": False,
        "description": "Only these.",
        "style": "form",
        "explode": False,
        "schema": {
            "type": "array",
            "items": {"type": "string", "enum": ["accepted", "running", "successful", "failed", "dismissed"]},
        },
    },
    **{
        name: {
            "name": _NAMES.get(name, name),
            "in": "query",
            "required": False,
            "description": about,
            "schema": schema,
        }
        for name, about, schema in (
            ("jobType", "Of this type: there is one.", {"type": "string", "enum": ["process"]}),
            ("created", "Created at this time, or within this interval (RFC 3339).", {"type": "string"}),
            (
                "minDuration",
                "That run, or ran, so many seconds or longer.",
                {"type": "integer", "minimum": 0},
            ),
            ("maxDuration", "That run, or ran, so many seconds or less.", {"type": "integer", "minimum": 0}),
        )
    },
    "ofProcess": {
        "name": "processID",
        "in": "query",
        "required": False,
        "description": "Only of these.",
        "style": "form",
        "explode": False,
        "schema": {"type": "array", "items": {"type": "string"}},
    },
    "campaignID": {
        "name": "campaignID",
        "in": "path",
        "required": True,
        "description": "Id of a campaign.",
        "schema": {"type": "string"},
    },
    "itemStatus": {
        "name": "status",
        "in": "query",
        "required": False,
        "description": "Only these.",
        "schema": {"type": "string", "enum": ["waiting", "ordered", "successful", "failed", "dismissed"]},
    },
    "prefer": {
        "name": "Prefer",
        "in": "header",
        "required": False,
        "description": "respond-async; wait=SECONDS.",
        "schema": {"type": "string"},
    },
}
_EXECUTE: Document = {
    "type": "object",
    "properties": {
        "inputs": {"type": "object", "additionalProperties": True},
        "outputs": {"type": "object", "additionalProperties": True},
        "response": {"type": "string", "enum": ["raw", "document"], "default": "document"},
        "subscriber": {
            "type": "object",
            "description": "Where to POST how the job goes: its results, its status when it begins, its status when it fails or is dismissed.",
            "required": ["successUri"],
            "properties": {
                name: {"type": "string", "format": "uri"}
                for name in ("successUri", "inProgressUri", "failedUri")
            },
        },
    },
}
_TELLS: Document = {
    event: {
        f"{{$request.body#/subscriber/{uri}}}": {
            "post": {
                "operationId": f"tell{uri[0].upper()}{uri[1:]}",
                "summary": about,
                "requestBody": {"content": {"application/json": {"schema": schema}}},
                "responses": {"200": {"description": "heard; any other status than 2xx, and it comes again"}},
            }
        }
    }
    for event, uri, about, schema in (
        ("jobCompleted", "successUri", "The results", {"type": "object"}),
        ("jobInProgress", "inProgressUri", "The job has begun", {"$ref": "#/components/schemas/statusInfo"}),
        ("jobFailed", "failedUri", "The job failed", {"$ref": "#/components/schemas/statusInfo"}),
    )
}
_CAMPAIGN: Document = {
    "type": "object",
    "properties": {
        "inputs": {"type": "object", "additionalProperties": True},
        "title": {"type": "string", "maxLength": 200},
        "atOnce": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 4},
    },
}
_STATUS: Document = {
    "type": "object",
    "required": ["jobID", "status", "type"],
    "properties": {
        "jobID": {"type": "string"},
        "processID": {"type": "string"},
        "type": {"type": "string", "enum": ["process"]},
        "status": {"type": "string", "enum": ["accepted", "running", "successful", "failed", "dismissed"]},
        "message": {"type": "string"},
        "progress": {"type": "integer", "minimum": 0, "maximum": 100},
        "created": {"type": "string", "format": "date-time"},
        "started": {"type": "string", "format": "date-time"},
        "finished": {"type": "string", "format": "date-time"},
        "updated": {"type": "string", "format": "date-time"},
        "links": {"type": "array", "items": {"$ref": "#/components/schemas/link"}},
    },
}


def block() -> Block:
    """The building block."""
    return Block(
        _TAG,
        _CONFORMANCE,
        _paths(),
        _PARAMETERS,
        {"execute": _EXECUTE, "statusInfo": _STATUS, "campaign": _CAMPAIGN},
        _landing_links,
    )


def _landing_links(api: str) -> list[Document]:
    return [
        link(f"{api}/processes", "http://www.opengis.net/def/rel/ogc/1.0/processes", "Processes"),
        link(f"{api}/jobs", "http://www.opengis.net/def/rel/ogc/1.0/job-list", "Jobs"),
    ]


def _paths() -> dict[str, Document]:
    process, job = ref("processID"), ref("jobID")
    here, mine = "/processes/{processID}", "/jobs/{jobID}"
    status = answer("status", "application/json", schema="statusInfo")
    shown = answer("status", *_FORMS, schema="statusInfo")
    order = operation(
        _TAG, "execute", "Order a process", _ordered(), process, ref("prefer"), ref("idempotency")
    )
    body = {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/execute"}}},
    }
    listed = (
        ref("limit"),
        ref("offset"),
        ref("token"),
        ref("status"),
        ref("ofProcess"),
        *map(ref, ("jobType", "created", "minDuration", "maxDuration")),
    )
    return {
        "/processes": {
            "get": operation(
                _TAG,
                "getProcesses",
                "All processes",
                answer("list", *_FORMS),
                ref("f"),
                ref("processLimit"),
                ref("offset"),
            )
        },
        here: {
            "get": operation(
                _TAG, "getProcessDescription", "A process", answer("description", *_FORMS), process, ref("f")
            )
        },
        f"{here}/execution": {"post": {**order, "requestBody": body, "security": _KEY, "callbacks": _TELLS}},
        f"{here}/estimate": {
            "post": {
                **_mine(operation(_TAG, "estimate", "What an order would need", answer("needs"), process)),
                "requestBody": body,
            }
        },
        "/jobs": {
            "get": _mine(operation(_TAG, "getJobs", "Your jobs", answer("list", *_FORMS), ref("f"), *listed))
        },
        mine: {
            "get": _mine(operation(_TAG, "getStatus", "Where a job stands", shown, job, ref("f"))),
            "delete": _mine(
                operation(_TAG, "dismiss", "Cancel a job, or forget one that is over", status, job)
            ),
        },
        f"{mine}/results": {
            "get": _mine(operation(_TAG, "getResult", "What a job made", _results(), job, ref("f")))
        },
        f"{mine}/results/{{outputID}}": {
            "get": _mine(
                operation(_TAG, "getOutput", "One output, bare", answer("output"), job, ref("outputID"))
            )
        },
        f"{mine}/resubmit": {
            "post": _mine(operation(_TAG, "resubmit", "Order the same again", _ordered(), job))
        },
        f"{mine}/log": {
            "get": _mine(operation(_TAG, "getLog", "What a job said", answer("log", "text/plain"), job))
        },
        f"{mine}/events": {
            "get": _mine(operation(_TAG, "getEvents", "What happened to a job", answer("events"), job))
        },
        **_campaigns(),
        "/board": {
            "get": _for_operators(
                operation(_TAG, "getBoard", "How production stands, for operators", answer("board"))
            )
        },
    }


def _results() -> Document:
    """A document, one output bare, several as parts; nothing but links where all are wanted raw and by reference."""
    links = {"Link": {"description": "Each output.", "schema": {"type": "string"}}}
    return {
        **answer("results", *_FORMS),
        "204": {"description": "the outputs are elsewhere", "headers": links},
    }


def _campaigns() -> dict[str, Document]:
    """One process over many products."""
    campaign, here = ref("campaignID"), "/campaigns/{campaignID}"
    found = answer("campaign")
    body = {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/campaign"}}},
    }
    begun = _mine(
        operation(_TAG, "startCampaign", "A job for each product of a selection", _begun(), ref("processID"))
    )
    acts = {
        f"{here}/{act}": {"post": _mine(operation(_TAG, f"{act}Campaign", about, found, campaign))}
        for act, about in (("pause", "Order nothing more for now"), ("resume", "Go on"), ("retry", "Order again what failed"))
    }  # fmt: skip
    return {
        "/processes/{processID}/campaign": {"post": {**begun, "requestBody": body}},
        "/campaigns": {"get": _mine(operation(_TAG, "getCampaigns", "Your campaigns", answer("list"), ref("limit"), ref("offset")))},
        here: {
            "get": _mine(operation(_TAG, "getCampaign", "How a campaign stands", found, campaign)),
            "delete": _mine(operation(_TAG, "stopCampaign", "End a campaign and its jobs, or forget one that is over", found, campaign)),
        },
        f"{here}/items": {
            "get": _mine(operation(_TAG, "getCampaignItems", "What became of its products", answer("items"), campaign, ref("limit"), ref("offset"), ref("itemStatus")))
        },
        **acts,
    }  # fmt: skip


def _begun() -> Document:
    location = {"Location": {"description": "The campaign.", "schema": {"type": "string"}}}
    content = {"application/json": {"schema": {"type": "object"}}}
    return {"201": {"description": "begun", "headers": location, "content": content}, **refusals()}


def _mine(one: Document) -> Document:
    """An operation that wants to know who asks."""
    refused = {"401": {"$ref": "#/components/responses/Unauthorized"}}
    return {**one, "responses": {**one["responses"], **refused}, "security": _KEY}


def _for_operators(one: Document) -> Document:
    """An operation that is not for every user."""
    mine = _mine(one)
    return {**mine, "responses": {**mine["responses"], "403": {"$ref": "#/components/responses/Forbidden"}}}


def _ordered() -> Document:
    status = {"application/json": {"schema": {"$ref": "#/components/schemas/statusInfo"}}}
    location = {"Location": {"description": "The job.", "schema": {"type": "string"}}}
    return {
        "200": {"description": "results", "content": {"application/json": {"schema": {"type": "object"}}}},
        "204": {"description": "the outputs are elsewhere: a Link to each"},
        "201": {"description": "ordered", "headers": location, "content": status},
        "401": {"$ref": "#/components/responses/Unauthorized"},
        **refusals(),
    }
