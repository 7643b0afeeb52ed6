"""Alarms of the custody chain: forks, clones, outboxes and foreign ledgers (pure data)."""

# ruff: noqa: RUF001 (Chinese sentences have Chinese punctuation)
from __future__ import annotations

from typing import Final

from gateway.alarms.words import Definition, words_of

CUSTODY: Final = (
    Definition(
        id="custody-fork",
        severity="critical",
        en=words_of(
            "Two histories of one edge",
            "The edge's custody chain and the ledger disagree: a disk was put back or copied.",
            "Its rows are kept aside, have no effect, and its gate stays shut.",
            "Decide which box is right: adopt its rows, or stop the clone.",
        ),
        zh=words_of(
            "边缘节点记录分叉",
            "边缘节点的监管链与账本不一致：磁盘被还原或被复制。",
            "其记录被搁置、不生效，卡口保持关闭。",
            "判断哪台设备正确：采纳其记录，或停用克隆设备。",
        ),
    ),
    Definition(
        id="custody-clone",
        severity="critical",
        en=words_of(
            "Two boxes of one edge",
            "Two processes speak in turn under the edge's name: a box or its disk was copied.",
            "Nobody can tell whose events are true; the gate stays shut.",
            "Find the copy, stop it (custody view, or `entrepot custody stop`), then count.",
        ),
        zh=words_of(
            "同名边缘节点重复",
            "两个进程轮流以同一节点名发言：设备或磁盘被复制。",
            "无法判断谁的事件属实，卡口保持关闭。",
            "找出复制品并停用（监管链页，或 `entrepot custody stop`），然后清点。",
        ),
    ),
    Definition(
        id="dead-letter-flood",
        severity="critical",
        en=words_of(
            "Too many dead letters of one edge",
            "More than 1 % of the edge's messages of the last minute were unusable.",
            "What goes beyond is not acknowledged: the edge keeps it and sends it again.",
            "Put the former release back or mend it; or, if it is rubbish, let it be buried.",
        ),
        zh=words_of(
            "边缘节点死信过多",
            "该节点最近一分钟超过 1% 的消息无法使用。",
            "超出部分不予确认：节点保留并重发。",
            "恢复或修正发布版本；若确为无用数据，则允许归入死信。",
        ),
    ),
    Definition(
        id="custody-stopped",
        severity="high",
        en=words_of(
            "Edge stopped by a person",
            "This box was declared a copy, or its history wrong: it sends nothing any more.",
            "What it sees stays on its disk; its gate stays shut.",
            "Take the box away; or, if it is the right one, adopt its rows (custody view).",
        ),
        zh=words_of(
            "边缘节点已被人工停用",
            "此设备被认定为复制品或记录有误，不再上报。",
            "其所见仅留在本机磁盘，卡口保持关闭。",
            "撤走该设备；若它才是正确的，在监管链页采纳其记录。",
        ),
    ),
    Definition(
        id="ledger-twin",
        severity="critical",
        en=words_of(
            "Two databases of one ledger",
            "A gateway with our ledger's id told of another journal: a database was copied.",
            "Two books may take the same goods; all gates stay shut.",
            "Stop the gateway that runs on the copy; restore nothing beside a living ledger.",
        ),
        zh=words_of(
            "同一账本存在两个数据库",
            "使用本账本编号的网关报告了不同的日志：数据库被复制。",
            "两套账可能收下同一批货，全部卡口保持关闭。",
            "停用运行在副本上的网关；切勿在账本运行时另行还原。",
        ),
    ),
    Definition(
        id="custody-exhausted",
        severity="critical",
        en=words_of(
            "Ledger too far behind the edge",
            "The ledger fell behind everything that the edge still keeps.",
            "Events of the edge can't be applied; its gate stays shut.",
            "Restore a newer ledger backup, or reconcile by a count.",
        ),
        zh=words_of(
            "账本落后过多",
            "账本已落后于边缘节点仍保存的全部记录。",
            "该节点事件无法入账，卡口保持关闭。",
            "恢复较新的账本备份，或通过盘点核对。",
        ),
    ),
    Definition(
        id="custody-full",
        severity="critical",
        en=words_of(
            "Edge's outbox is full",
            "The edge's custody outbox or its disk takes no further events.",
            "Its readers are not read any more; its gate stays shut.",
            "Restore the link to the gateway, or free the edge's disk; it goes on by itself.",
        ),
        zh=words_of(
            "边缘节点缓存已满",
            "边缘节点的监管事件缓存或磁盘已无法再写入。",
            "读写器暂停读取，卡口保持关闭。",
            "恢复与网关的连接或清理节点磁盘，之后自动恢复。",
        ),
    ),
    Definition(
        id="foreign-gateway",
        severity="critical",
        en=words_of(
            "A foreign gateway is on this broker",
            "A gateway with another ledger sends beats on this broker.",
            "Edges could obey the wrong ledger: all gates stay shut.",
            "Stop the other gateway or give it a broker of its own.",
        ),
        zh=words_of(
            "出现外来网关",
            "同一消息代理上有使用其他账本的网关。",
            "边缘节点可能服从错误账本：所有卡口关闭。",
            "停用该网关，或为其配置独立的消息代理。",
        ),
    ),
)
