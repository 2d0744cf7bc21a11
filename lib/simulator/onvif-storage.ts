import type { CardSpan } from './card.js';
import type { Call, Device, OnvifService, ServiceFactory } from './onvif-service.js';
import { textAt } from './soap.js';
import { leaf, noSuch, SoapFault, tag } from './soap-reply.js';

/**
 * The services of Profile G: what a camera with an SD card has recorded. One whose card is missing says what it could do, and that
 * there are no recordings. Anything else is answered as not implemented.
 */
const TRC = 'xmlns:trc="http://www.onvif.org/ver10/recording/wsdl"';
const TSE = 'xmlns:tse="http://www.onvif.org/ver10/search/wsdl"';
const TRP = 'xmlns:trp="http://www.onvif.org/ver10/replay/wsdl"';
const [RECORDING, TRACK] = ['recording-1', 'video-1'];

export const recordingService: ServiceFactory = (device) => ({
  name: 'recording',
  operations: {
    GetServiceCapabilities: () =>
      tag(
        `trc:GetServiceCapabilitiesResponse ${TRC}`,
        '<trc:Capabilities DynamicRecordings="false" DynamicTracks="false" Encoding="H264 H265 AAC" MaxRecordings="1"/>',
      ),
    GetRecordings: () => {
      const item = tag(
        'trc:RecordingItem',
        leaf('trc:RecordingToken', RECORDING),
        tag('trc:Configuration', sourceXml(device), leaf('tt:Content', ''), leaf('tt:MaximumRetentionTime', 'PT0S')),
      );
      return tag(`trc:GetRecordingsResponse ${TRC}`, spansOf(device).length > 0 ? item : '');
    },
  },
});

/** What is searched for, by token: reports wait there until they are asked for. */
type Searches = Map<string, { kind: 'recordings' | 'events'; results: string }>;

export const searchService: ServiceFactory = (device): OnvifService => {
  const searches: Searches = new Map();
  const begin = (kind: 'recordings' | 'events', results: string) => {
    const token = `search-${searches.size + 1}`;
    searches.set(token, { kind, results });
    const name = kind === 'recordings' ? 'Recordings' : 'Events';
    return tag(`tse:Find${name}Response ${TSE}`, leaf('tse:SearchToken', token));
  };
  const results = (kind: 'recordings' | 'events', { request }: Call) => {
    const search = searches.get(textAt(request.body, 'SearchToken') ?? '');
    if (search?.kind !== kind) throw noSuch('InvalidToken', 'search');
    const name = kind === 'recordings' ? 'Recording' : 'Event';
    const list = tag('tse:ResultList', leaf('tt:SearchState', 'Completed'), search.results);
    return tag(`tse:Get${name}SearchResultsResponse ${TSE}`, list);
  };
  return {
    name: 'search',
    operations: {
      GetServiceCapabilities: () =>
        tag(
          `tse:GetServiceCapabilitiesResponse ${TSE}`,
          '<tse:Capabilities MetadataSearch="false" GeneralStartEvents="false"/>',
        ),
      GetRecordingSummary: () => summaryXml(spansOf(device)),
      FindRecordings: () => begin('recordings', recordingXml(device)),
      GetRecordingSearchResults: (call) => results('recordings', call),
      FindEvents: ({ request }) => {
        if (device.faults.has('no-history')) throw new SoapFault('Receiver', ['ActionNotSupported'], 'No event search');
        const from = Date.parse(textAt(request.body, 'StartPoint') ?? '');
        const to = Date.parse(textAt(request.body, 'EndPoint') ?? '') || Number.MAX_SAFE_INTEGER;
        const wantsStart = textAt(request.body, 'IncludeStartState') === 'true';
        return begin('events', eventsXml(spansOf(device), from, to, wantsStart));
      },
      GetEventSearchResults: (call) => results('events', call),
      EndSearch: ({ request }) => {
        if (!searches.delete(textAt(request.body, 'SearchToken') ?? '')) throw noSuch('InvalidToken', 'search');
        return tag(`tse:EndSearchResponse ${TSE}`, leaf('tse:Endpoint', iso(device.clock.now())));
      },
    },
  };
};

export const replayService: ServiceFactory = (device) => ({
  name: 'replay',
  operations: {
    GetServiceCapabilities: () =>
      tag(
        `trp:GetServiceCapabilitiesResponse ${TRP}`,
        '<trp:Capabilities ReversePlayback="false" SessionTimeoutRange="10 60" RTP_RTSP_TCP="true"/>',
      ),
    GetReplayUri: (call) => {
      const token = textAt(call.request.body, 'RecordingToken');
      if (token !== RECORDING || spansOf(device).length === 0) throw noSuch('NoRecording', 'recording');
      return tag(`trp:GetReplayUriResponse ${TRP}`, leaf('trp:Uri', device.replayUrl(call)));
    },
  },
});

function spansOf({ card, faults }: Device): CardSpan[] {
  return card && !faults.has('no-card') ? card.spans() : [];
}

function summaryXml(spans: readonly CardSpan[]): string {
  const [first, last] = [spans[0]?.start ?? 0, spans.at(-1)?.end ?? 0];
  const summary = [leaf('tt:DataFrom', iso(first)), leaf('tt:DataUntil', iso(last))];
  const count = leaf('tt:NumberRecordings', spans.length > 0 ? 1 : 0);
  return tag(`tse:GetRecordingSummaryResponse ${TSE}`, tag('tse:Summary', ...summary, count));
}

function sourceXml({ identity }: Device): string {
  const parts = [leaf('tt:SourceId', identity.urn), leaf('tt:Name', identity.name), leaf('tt:Location', '')];
  return tag('tt:Source', ...parts, leaf('tt:Description', ''), leaf('tt:Address', ''));
}

function recordingXml(device: Device): string {
  const spans = spansOf(device);
  if (spans.length === 0) return '';
  const [from, to] = [iso(spans[0]!.start), iso(spans.at(-1)!.end)];
  const track = [leaf('tt:TrackToken', TRACK), leaf('tt:TrackType', 'Video'), leaf('tt:Description', '')];
  return tag(
    'tt:RecordingInformation',
    leaf('tt:RecordingToken', RECORDING),
    sourceXml(device),
    ...[leaf('tt:EarliestRecording', from), leaf('tt:LatestRecording', to), leaf('tt:Content', '')],
    tag('tt:Track', ...track, leaf('tt:DataFrom', from), leaf('tt:DataTo', to)),
    leaf('tt:RecordingStatus', 'Recording'),
  );
}

/** When there began to be pictures and ceased to be, within an interval; and how it was at its beginning. */
function eventsXml(spans: readonly CardSpan[], from: number, to: number, wantsStart: boolean): string {
  const changes = spans.flatMap(({ start, end }, index) => [
    { at: start, present: true },
    // The last one still goes on.
    ...(index < spans.length - 1 ? [{ at: end, present: false }] : []),
  ]);
  const before = changes.findLast(({ at }) => at <= from)?.present ?? false;
  const first = wantsStart ? [eventXml(from, before, true)] : [];
  const later = changes
    .filter(({ at }) => at > from && at <= to)
    .map(({ at, present }) => eventXml(at, present, false));
  return [...first, ...later].join('');
}

function eventXml(at: number, present: boolean, isStart: boolean): string {
  const source = [`Name="RecordingToken" Value="${RECORDING}"`, `Name="Track" Value="${TRACK}"`];
  const items = source.map((item) => `<tt:SimpleItem ${item}/>`).join('');
  const message = tag(
    `tt:Message UtcTime="${iso(at)}" PropertyOperation="${isStart ? 'Initialized' : 'Changed'}"`,
    tag('tt:Source', items),
    tag('tt:Data', `<tt:SimpleItem Name="IsDataPresent" Value="${present}"/>`),
  );
  const dialect = 'Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"';
  return tag(
    'tt:Result',
    ...[leaf('tt:RecordingToken', RECORDING), leaf('tt:TrackToken', TRACK), leaf('tt:Time', iso(at))],
    tag(
      'tt:Event',
      `<wsnt:Topic ${dialect}>tns1:RecordingHistory/Track/State</wsnt:Topic>`,
      tag('wsnt:Message', message),
    ),
    leaf('tt:StartStateEvent', isStart),
  );
}

function iso(time: number): string {
  return new Date(time).toISOString();
}
