import { describe, expect, it } from 'vitest';
import { motionSignals, normaliseTopic } from '../../../lib/onvif/topics.js';

interface Told {
  operation?: string;
  source?: Record<string, string>;
}

/** What a camera is understood to say, in short: `person@vsconf on`. */
function heard(topic: string, data: Record<string, string>, { operation = 'Changed', source = {} }: Told = {}) {
  const toMap = (items: Record<string, string>) => new Map(Object.entries(items));
  const notification = { topic, operation, cameraAt: undefined, source: toMap(source), data: toMap(data) };
  return motionSignals(notification).map((one) => `${one.kind}@${one.source} ${one.active ? 'on' : 'off'}`);
}

describe('the topic', () => {
  it.each([
    'tns1:RuleEngine/CellMotionDetector/Motion',
    'tns1:RuleEngine/tns1:CellMotionDetector/Motion//.',
    ' wsnt:RuleEngine/CellMotionDetector/Motion/ ',
  ])('%j is read without namespaces and trailing signs', (topic) => {
    expect(normaliseTopic(topic)).toBe('ruleengine/cellmotiondetector/motion');
  });
});

describe('the makers', () => {
  const tapo = { VideoSourceConfigurationToken: 'vsconf', VideoAnalyticsConfigurationToken: 'VideoAnalyticsToken' };

  it.each<[maker: string, topic: string, data: Record<string, string>, source: Record<string, string>, kind: string]>([
    ['Tapo', 'tns1:RuleEngine/CellMotionDetector/Motion', { IsMotion: 'true' }, tapo, 'motion@vsconf on'],
    ['Tapo', 'tns1:RuleEngine/PeopleDetector/People', { IsPeople: 'true' }, tapo, 'person@vsconf on'],
    ['Tapo', 'tns1:RuleEngine/CellMotionDetector/People', { IsPeople: 'true' }, tapo, 'person@vsconf on'],
    ['Tapo', 'tns1:RuleEngine/CellMotionDetector/TpSmartEvent', { IsVehicle: 'true' }, tapo, 'vehicle@vsconf on'],
    ['Tapo', 'tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent', { IsPet: 'true' }, tapo, 'animal@vsconf on'],
    ['Tapo', 'tns1:RuleEngine/CellMotionDetector/LineCross', { IsLineCross: 'true' }, tapo, 'line-crossing@vsconf on'],
    ['Tapo', 'tns1:RuleEngine/CellMotionDetector/Tamper', { IsTamper: 'true' }, tapo, 'tampering@vsconf on'],
    ['Tapo', 'tns1:RuleEngine/CellMotionDetector/Intrusion', { IsIntrusion: 'true' }, tapo, 'intrusion@vsconf on'],
    ['Reolink', 'tns1:RuleEngine/MyRuleDetector/PeopleDetect', { State: 'true' }, { Source: '000' }, 'person@000 on'],
    ['Reolink', 'tns1:RuleEngine/MyRuleDetector/VehicleDetect', { State: 'true' }, { Source: '000' }, 'vehicle@000 on'],
    ['Reolink', 'tns1:RuleEngine/MyRuleDetector/DogCatDetect', { State: 'true' }, { Source: '000' }, 'animal@000 on'],
    ['Reolink', 'tns1:RuleEngine/MyRuleDetector/FaceDetect', { State: 'true' }, { Source: '000' }, 'face@000 on'],
    ['Reolink', 'tns1:RuleEngine/MyRuleDetector/Visitor', { State: 'true' }, { Source: '000' }, 'visitor@000 on'],
    ['Reolink', 'tns1:RuleEngine/MyRuleDetector/Package', { State: 'true' }, { Source: '000' }, 'package@000 on'],
    [
      'Hikvision',
      'tns1:VideoSource/MotionAlarm',
      { State: 'true' },
      { Source: 'VideoSource_1' },
      'motion@VideoSource_1 on',
    ],
    [
      'Hikvision',
      'tns1:Device/Trigger/tnshik:AlarmIn',
      { State: 'true' },
      { Token: 'AlarmIn_1' },
      'input@AlarmIn_1 on',
    ],
    ['Hanwha', 'tns1:VideoAnalytics/tnssamsung:MotionDetection', { State: '1' }, { VideoSource: '0' }, 'motion@0 on'],
    ['Foscam', 'tns1:Device/Trigger/MotionDetector', { State: 'true' }, {}, 'motion@ on'],
    [
      'Axis',
      'tns1:RuleEngine/tnsaxis:VMD3/vmd3_video_1',
      { active: '1' },
      { VideoSource: '0', areaid: '0' },
      'motion@0 on',
    ],
    [
      'Axis',
      'tnsaxis:CameraApplicationPlatform/tnsaxis:VMD/tnsaxis:Camera1Profile1',
      { active: '1' },
      {},
      'motion@ on',
    ],
    ['Dahua', 'tns1:UserAlarm/IVA/HumanShapeDetect', { State: 'true' }, { Source: '1' }, 'person@1 on'],
    ['any', 'tns1:RuleEngine/MotionRegionDetector/Motion', { State: '1' }, {}, 'motion@ on'],
    ['any', 'tns1:RuleEngine/FieldDetector/ObjectsInside', { ObjectId: '1', IsInside: 'true' }, {}, 'intrusion@ on'],
    ['any', 'tns1:RuleEngine/TamperDetector/Tamper', { IsTamper: 'false' }, {}, 'tampering@ off'],
    ['any', 'tns1:VideoSource/GlobalSceneChange/ImagingService', { State: 'true' }, {}, 'tampering@ on'],
    ['any', 'tns1:Device/Trigger/DigitalInput', { LogicalState: 'true' }, { InputToken: 'DI1' }, 'input@DI1 on'],
  ])('%s %s', (_, topic, data, source, expected) => {
    expect(heard(topic, data, { source })).toEqual([expected]);
  });

  it.each([
    ['true', ['motion@ on']],
    ['True', ['motion@ on']],
    ['1', ['motion@ on']],
    [' false ', ['motion@ off']],
    ['0', ['motion@ off']],
    ['inactive', ['motion@ off']],
    ['42', []],
    ['', []],
  ])('state %j', (State, expected) => {
    expect(heard('tns1:VideoSource/MotionAlarm', { State })).toEqual(expected);
  });

  it('tell several kinds under one topic, each by its item', () => {
    const data = { IsPeople: 'true', IsVehicle: 'false' };
    expect(heard('tns1:RuleEngine/TPSmartEventDetector/TPSmartEvent', data)).toEqual(['person@ on', 'vehicle@ off']);
  });

  it('list what they see at this moment, and so say what they no longer see', () => {
    const signals = heard('tns1:RuleEngine/ObjectDetection/Object', { ClassTypes: 'Human, Vehicle' });
    expect(signals).toEqual(['person@ on', 'vehicle@ on', 'animal@ off', 'face@ off']);
  });
});

describe('what is not motion', () => {
  it.each<[string, Record<string, string>]>([
    ['tns1:Monitoring/ProcessorUsage', { Value: '1' }],
    ['tns1:RecordingConfig/JobState', { State: 'true' }],
    ['tns1:RecordingHistory/Track/State', { IsDataPresent: 'true' }],
    ['tns1:Device/Trigger/Relay', { LogicalState: 'active' }],
    ['tns1:AudioAnalytics/Audio/DetectedSound', { State: 'true' }],
    ['tns1:VideoSource/ImageTooDark/ImagingService', { State: 'true' }],
    ['tns1:RuleEngine/constructor/toString', { State: 'true', constructor: 'true' }],
    ['tns1:RuleEngine/Other/Thing', { constructor: 'true' }],
    ['', { IsMotion: 'true' }],
  ])('%s', (topic, data) => {
    expect(heard(topic, data)).toEqual([]);
  });

  it('is a number that happens to be 1', () => {
    expect(heard('tns1:RuleEngine/CellMotionDetector/Motion', { ObjectId: '1', Level: '0' })).toEqual([]);
  });
});

describe('events', () => {
  it('without a state begin, and properties without one say nothing', () => {
    const crossed = 'tns1:RuleEngine/LineDetector/Crossed';
    const notification = { topic: crossed, operation: undefined, cameraAt: undefined };
    const signals = motionSignals({ ...notification, source: new Map(), data: new Map([['ObjectId', '7']]) });
    expect(signals).toMatchObject([{ kind: 'line-crossing', active: true }]);
    expect(heard(crossed, { ObjectId: '7' }, { operation: 'Changed' })).toEqual([]);
    const unreadable = new Map([['State', 'perhaps']]);
    expect(motionSignals({ ...notification, source: new Map(), data: unreadable })).toEqual([]);
  });

  it('of two rules have origins of their own', () => {
    const of = (Rule: string) =>
      motionSignals({
        topic: 'tns1:RuleEngine/CellMotionDetector/Motion',
        operation: 'Initialized',
        cameraAt: undefined,
        source: new Map(Object.entries({ VideoSourceConfigurationToken: 'v', Rule })),
        data: new Map([['IsMotion', 'true']]),
      })[0]!;
    expect(of('door').origin).not.toBe(of('gate').origin);
    expect(of('door')).toMatchObject({ source: 'v', initial: true });
  });

  it('of a property that was deleted are over', () => {
    expect(heard('tns1:VideoSource/MotionAlarm', { State: 'true' }, { operation: 'Deleted' })).toEqual(['motion@ off']);
  });

  it('with endless names cost no more than short ones', () => {
    const source = { Source: 'x'.repeat(100_000) };
    const [signal] = motionSignals({
      topic: `tns1:RuleEngine/Motion${'/motion'.repeat(100_000)}`,
      operation: 'Changed',
      cameraAt: undefined,
      source: new Map(Object.entries(source)),
      data: new Map([['IsMotion', 'true']]),
    });
    expect(signal!.source.length + signal!.origin.length).toBeLessThan(1_000);
  });
});
