"""Warnings in XML for tests: whole ones to begin with, and ways to change them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from dispatcher.core.alert import Content
from dispatcher.intake.cap import read_cap
from dispatcher.intake.cn12379 import read_cn12379
from dispatcher.intake.problem import Problem
from dispatcher.intake.xml import read_xml

NOW = datetime(2026, 7, 12, 2, 0, tzinfo=UTC)
SYSTEM = "NBS-2023"

Change = Callable[[str], str]

CAP = """\
<?xml version="1.0" encoding="UTF-8"?>
<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">
  <identifier>W-1</identifier>
  <sender>rain@chengxi</sender>
  <sent>2026-07-12T09:12:00+08:00</sent>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <info>
    <language>zh-CN</language>
    <category>Met</category>
    <event>暴雨</event>
    <urgency>Immediate</urgency>
    <severity>Extreme</severity>
    <certainty>Observed</certainty>
    <eventCode><valueName>GB/T 35561</valueName><value>11B03</value></eventCode>
    <effective>2026-07-12T09:12:00+08:00</effective>
    <expires>2026-07-12T12:12:00+08:00</expires>
    <senderName>澄溪县气象台</senderName>
    <headline>澄溪县气象台发布暴雨红色预警</headline>
    <description>3小时超100毫米</description>
    <instruction>立即转移山边河边群众</instruction>
    <area>
      <areaDesc>柳林镇</areaDesc>
      <polygon>42.6,125.5 42.6,125.6 42.7,125.6 42.7,125.5 42.6,125.5</polygon>
      <circle>42.68,125.53 5</circle>
      <geocode><valueName>NBS-2023</valueName><value>990421100</value></geocode>
    </area>
  </info>
</alert>
"""
CN = """\
<?xml version="1.0" encoding="UTF-8"?>
<alert>
  <identifier>99042141600000_20260712091200</identifier>
  <sender>澄溪县气象局</sender>
  <senderCode>99042141600000</senderCode>
  <sendTime>2026-07-12 09:12:00+08:00</sendTime>
  <status>Actual</status>
  <msgType>Alert</msgType>
  <scope>Public</scope>
  <code><method><methodName>SMS</methodName><message>短信正文</message>
    <audienceGrp>全体,</audienceGrp></method></code>
  <secClassification>None</secClassification>
  <note/>
  <references/>
  <info>
    <language>zh-CN</language>
    <eventType>11B03</eventType>
    <urgency>Unknown</urgency>
    <severity>Red</severity>
    <certainty>Unknown</certainty>
    <effective>2026-07-12 09:12:00+08:00</effective>
    <onset/>
    <expires/>
    <senderName>澄溪县气象台</senderName>
    <headline>澄溪县气象台发布暴雨红色预警[Ⅰ级/特别严重]</headline>
    <description>预计未来3小时降雨100毫米以上。</description>
    <instruction>转移危险地带人员。</instruction>
    <area>
      <areaDesc>澄溪县</areaDesc>
      <polygon/><circle/>
      <geocode>990421000000,990421000000,</geocode>
    </area>
  </info>
</alert>
"""


def swap(*pairs: tuple[str, str]) -> Change:
    """Put one thing in place of another that is there."""

    def change(text: str) -> str:
        for old, new in pairs:
            assert old in text, old
            text = text.replace(old, new)
        return text

    return change


def without(*names: str) -> Change:
    """Leave out the first element of each of these names, with what is in it."""

    def change(text: str) -> str:
        for name in names:
            begin = text.index(f"<{name}>")
            end = text.index(f"</{name}>", begin) + len(f"</{name}>")
            text = text[:begin] + text[end:]
        return text

    return change


def with_info(**changes: str) -> Change:
    """Add a second info, like the first but for these elements."""

    def change(text: str) -> str:
        begin, end = text.index("<info>"), text.index("</info>") + len("</info>")
        info = text[begin:end]
        for name, value in changes.items():
            first, last = info.index(f"<{name}>"), info.index(f"</{name}>")
            info = f"{info[:first]}<{name}>{value}{info[last:]}"
        return f"{text[:end]}{info}{text[end:]}"

    return change


def read(text: str | bytes) -> Content | tuple[Problem, ...]:
    """Read a document as the API does, in the dialect its root tells."""
    root = read_xml(text if isinstance(text, bytes) else text.encode())
    if isinstance(root, Problem):
        return (root,)
    plain = root.tag == "alert"
    return read_cn12379(root, NOW, SYSTEM) if plain else read_cap(root, NOW)


def codes(found: Content | tuple[Problem, ...]) -> list[str]:
    """What is wrong, by code; nothing of a document that was read."""
    return [] if isinstance(found, Content) else [one.code for one in found]
