import type { Persona, PersonaName } from './persona.js';
import { axis } from './personas/axis.js';
import { dahua } from './personas/dahua.js';
import { generic } from './personas/generic.js';
import { hikvision } from './personas/hikvision.js';
import { reolink } from './personas/reolink.js';
import { tapo } from './personas/tapo.js';

export const PERSONAS: Readonly<Record<PersonaName, Persona>> = { generic, hikvision, dahua, reolink, tapo, axis };

export const PERSONA_NAMES = Object.keys(PERSONAS) as PersonaName[];
