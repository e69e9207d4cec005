import { mount } from "svelte";
import "../style/palette.css";
import "../style/base.css";
import Sim from "./Sim.svelte";

const target = document.getElementById("desk");
if (target) mount(Sim, { target });
